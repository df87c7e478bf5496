-- What an answer that could not be read, applied or stored at once needs, so that it is never lost and never in the way.

-- A receiver asks again with the same key when it lost the reply: one body, one row.
alter table public.callback_inbox add column request_key uuid;
create unique index callback_inbox_request_idx on public.callback_inbox (request_key) where request_key is not null;

-- What cannot be settled is tried again after growing pauses, and given up into a verdict that somebody sees.
alter type public.callback_verdict add value if not exists 'given_up';
alter table public.callback_inbox add column tries smallint not null default 0;
alter table public.callback_inbox add column next_try_at timestamptz;
drop index public.callback_inbox_unsettled_idx;
create index callback_inbox_unsettled_idx on public.callback_inbox ((coalesce(next_try_at, received_at)))
  where verdict = 'received';

-- Fields of an answer that were left out because they could not be read: {field: {"value", "why"}}.
alter table public.callback_inbox add column doubts jsonb;

-- The inbox page, newest first: everything, or one verdict or workflow; "doubtful" is a verdict to whoever looks.
create index callback_inbox_verdict_page_idx on public.callback_inbox (verdict, id);
create index callback_inbox_workflow_idx on public.callback_inbox (workflow_slug, id);
create index callback_inbox_doubtful_idx on public.callback_inbox (id) where doubts is not null;
create index callback_inbox_client_idx on public.callback_inbox (client_id, id) where client_id is not null;

-- The fixed URL's owner is found by the token's SHA-256, in hex, kept where the configuration is saved: a guess costs one
-- look into an index, and the token itself is compared nowhere.
alter table public.client_workflow_configs add column receiver_sha256 text;
update public.client_workflow_configs
set receiver_sha256 = encode(sha256(convert_to(config ->> 'receiver_token', 'UTF8')), 'hex')
where config ->> 'receiver_token' is not null;
create index client_workflow_configs_receiver_idx on public.client_workflow_configs (receiver_sha256)
  where receiver_sha256 is not null;

-- The highest attempt that an item's step ever had: kept when a rerun deletes the state, so that an answer to an old
-- attempt is never taken for a new one's.
create table public.attempt_floors (
  batch_item_id bigint not null references public.batch_items on delete cascade,
  step_index    smallint not null,
  attempt       smallint not null,
  primary key (batch_item_id, step_index)
);
alter table public.attempt_floors enable row level security;

-- What keeps the engine from working, as it says when it takes or renews its lease.
alter table public.engine_leases add column trouble text;
