-- What is held is not failed: a step of a batch may have to wait for something (money, an address, an approval). Its rows
-- stay PENDING, and the dispatcher passes it by until whoever put the hold on takes it off.

create table public.step_holds (
  batch_id   bigint not null references public.batches on delete cascade,
  step_index smallint not null check (step_index >= 0),
  code       text not null check (code ~ '^[a-z_]{1,40}$'),
  reason     text not null check (reason <> ''),   -- in the user's words: "waiting for budget"
  since      timestamptz not null default now(),
  primary key (batch_id, step_index, code)
);
alter table public.step_holds enable row level security;

-- Attempts of a state that certainly never went out, or never ran. `attempt` only grows, since answers are told apart by
-- it; what an item has used up is attempt - snoozes.
alter table public.workflow_states add column snoozes smallint not null default 0 check (snoozes >= 0);
