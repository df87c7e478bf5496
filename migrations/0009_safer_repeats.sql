-- What makes a repeated call answer as the first one did, and what makes sharing one paid answer among very many rows
-- cost the same per row as among few.

-- Who may send this attempt: a sender that lost the reply of mark_sending asks again with the same key.
alter table public.workflow_states add column send_key uuid;
-- Who claimed this chunk: a worker that lost the reply of claim_chunk asks again. The row goes when its lease ends.
alter table public.dispatch_chunks add column claimed_by uuid;

-- Answers of operations that would do their work again (and perhaps pay again) if they were repeated.
create table public.operator_requests (
  key    uuid primary key,
  at     timestamptz not null,
  answer jsonb not null
);
create index operator_requests_at_idx on public.operator_requests (at);

-- Rows of one entity wait, parked, for their leader's answer. An entity whose leader has ended, however it ended, is
-- noted here in the same transaction; the sequencer shares the answer, fails the followers or picks a new leader.
create table public.waking_entities (
  batch_id     bigint not null references public.batches on delete cascade,
  step_index   smallint not null,
  entity_value text not null,
  noted_at     timestamptz not null default now(),
  primary key (batch_id, step_index, entity_value)
);
alter table public.operator_requests enable row level security;
alter table public.waking_entities enable row level security;

-- One look finds an entity's leader, its parked rows, or a finished one, however many rows share it.
drop index public.workflow_states_entity_idx;
create index workflow_states_entity_idx
  on public.workflow_states (batch_id, step_index, entity_value, status, available_at, id)
  where entity_value is not null;

insert into public.waking_entities (batch_id, step_index, entity_value)
select distinct batch_id, step_index, entity_value from public.workflow_states
where status = 'PENDING' and available_at = 'infinity' and entity_value is not null;

-- The budget is looked at anew for each step that is dispatched, not once for all.
alter type leadloom.due_step drop attribute affordable;
alter type leadloom.due_step drop attribute promised;
