-- The state machine's tables: batches, their items, one state per item and step, results, callbacks, and the small
-- tables that keep the hot path cheap (chunks in flight, tallies, rate buckets, the engine's lease).

create table public.batches (
  id               bigint generated always as identity primary key,
  uid              uuid not null unique default gen_random_uuid(),
  launch_key       uuid not null unique,          -- the caller's: pressing Launch twice launches once
  client_id        bigint not null references public.clients,
  upload_id        bigint not null references public.uploads,
  pipeline_id      bigint references public.enrichment_pipelines,
  pipeline_version integer not null,
  name             text not null,
  blueprint        jsonb not null,                -- ordered steps with every setting, frozen at launch
  step_count       integer not null check (step_count between 1 and 50),
  state            public.batch_state not null default 'RUNNING',
  state_reason     text,
  item_count       integer not null,              -- rows that this batch will have once filled
  filled_rows      integer not null default 0,    -- rows turned into items so far
  filled_through   integer not null default 0,    -- last raw row number turned into an item
  budget           numeric(14, 4),                -- credits that may be spent; null: no limit
  spent            numeric(14, 4) not null default 0,
  created_by       text not null default 'system',
  created_at       timestamptz not null default now(),
  finished_at      timestamptz
);
create index batches_client_idx on public.batches (client_id, id desc);
create index batches_upload_idx on public.batches (upload_id);
create index batches_pipeline_idx on public.batches (pipeline_id);
create index batches_running_idx on public.batches (id) where state = 'RUNNING';

create table public.batch_items (
  id               bigint generated always as identity primary key,
  uid              uuid not null unique default gen_random_uuid(),
  batch_id         bigint not null references public.batches on delete cascade,
  row_number       integer not null,
  state            public.item_state not null default 'ACTIVE',
  person_name      text,
  first_name       text,
  last_name        text,
  title            text,
  email            text,
  linkedin         text,
  company_name     text,
  company_domain   text,
  company_linkedin text,
  website          text,
  industry         text,
  country          text,
  original_data    jsonb not null,
  created_at       timestamptz not null default now(),
  finished_at      timestamptz,
  unique (batch_id, row_number)
) with (fillfactor = 85);
create index batch_items_active_idx on public.batch_items (batch_id) where state = 'ACTIVE';

create table public.workflow_states (
  id            bigint generated always as identity primary key,
  batch_item_id bigint not null references public.batch_items on delete cascade,
  batch_id      bigint not null references public.batches on delete cascade,
  step_index    smallint not null check (step_index >= 0),
  step_name     text not null,
  status        public.state_status not null default 'PENDING',
  attempt       smallint not null default 0,
  max_attempts  smallint not null,
  available_at  timestamptz not null,
  lease_until   timestamptz,                       -- IN_PROGRESS: the worker's time
  deadline_at   timestamptz,                       -- sent: when the callback is given up
  started_at    timestamptz,
  sent_at       timestamptz,                       -- this attempt was, or may have been, sent
  accepted_at   timestamptz,                       -- this attempt's POST was answered with success
  send_count    smallint not null default 0,       -- sends over all attempts
  finished_at   timestamptz,
  advanced_at   timestamptz,                       -- the sequencer's mark: a finished state is advanced exactly once
  entity_value  text,                              -- rows of a batch with the same value may share one paid result
  error_code    text,
  error_text    text,
  history       jsonb,                             -- earlier attempts: [{attempt, started_at, sent_at, finished_at, code, text}]
  created_at    timestamptz not null default now(),
  unique (batch_item_id, step_index),
  check (advanced_at is null or status in ('COMPLETED', 'FAILED', 'SKIPPED', 'CANCELLED')),
  check ((status = 'FAILED') = (error_code is not null) or status = 'PENDING')
) with (fillfactor = 85);
create index workflow_states_due_idx on public.workflow_states (batch_id, step_index, available_at, id)
  where status = 'PENDING';
create index workflow_states_unadvanced_idx on public.workflow_states (id)
  where advanced_at is null and status in ('COMPLETED', 'SKIPPED', 'FAILED');
create index workflow_states_lease_idx on public.workflow_states (lease_until)
  where status = 'IN_PROGRESS' and sent_at is null;
create index workflow_states_deadline_idx on public.workflow_states (deadline_at)
  where status = 'IN_PROGRESS' and sent_at is not null;
create index workflow_states_failed_idx on public.workflow_states (batch_id, step_index, error_code, id)
  where status = 'FAILED';
create index workflow_states_entity_idx on public.workflow_states (batch_id, step_index, entity_value)
  where entity_value is not null;

create table public.enrichment_results (
  batch_item_id bigint not null references public.batch_items on delete cascade,
  step_index    smallint not null,
  step_name     text not null,
  attempt       smallint not null,
  source        public.result_source not null,
  raw           jsonb,                             -- the payload as it came, where one came
  parsed        jsonb not null,                    -- what later steps read
  created_at    timestamptz not null default now(),
  primary key (batch_item_id, step_index)
);

create table public.superseded_results (
  id            bigint generated always as identity primary key,
  batch_item_id bigint not null references public.batch_items on delete cascade,
  step_index    smallint not null,
  step_name     text not null,
  attempt       smallint not null,
  source        public.result_source not null,
  raw           jsonb,
  parsed        jsonb not null,
  created_at    timestamptz not null,
  superseded_at timestamptz not null default now()
);
create index superseded_results_item_idx on public.superseded_results (batch_item_id);

create table public.callback_inbox (
  id            bigint generated always as identity primary key,
  received_at   timestamptz not null default now(),
  workflow_slug text not null,
  client_id     bigint references public.clients,  -- known when the fixed URL's bearer token named one
  item_uid      uuid,
  step_index    smallint,
  attempt       smallint,
  batch_id      bigint,                            -- filled when the callback was matched
  batch_item_id bigint,
  body          text not null,                     -- as it arrived; NUL is kept as U+FFFD, PostgreSQL stores none
  verdict       public.callback_verdict not null default 'received',
  note          text,
  settled_at    timestamptz
);
create index callback_inbox_unsettled_idx on public.callback_inbox (received_at) where verdict = 'received';
create index callback_inbox_item_idx on public.callback_inbox (batch_item_id) where batch_item_id is not null;
create index callback_inbox_batch_idx on public.callback_inbox (batch_id) where batch_id is not null;
create index callback_inbox_time_idx on public.callback_inbox (received_at);

-- A chunk is what one worker call gets. Its row lives from dispatch to the worker's claim, so that a call that is
-- delivered twice runs once.
create table public.dispatch_chunks (
  id            uuid primary key default gen_random_uuid(),
  batch_id      bigint not null references public.batches on delete cascade,
  step_index    smallint not null,
  workflow_slug text not null,
  config_id     bigint,
  state_ids     bigint[] not null,
  created_at    timestamptz not null default now(),
  announced_at  timestamptz,                       -- last told to the engine; unclaimed ones are told again
  expires_at    timestamptz not null
);
create index dispatch_chunks_expiry_idx on public.dispatch_chunks (expires_at);

-- Counts per batch, step and bucket are never counted: triggers add what changed to batch_tallies, the loop folds that
-- into batch_totals and batch_series, and reads add up totals and the few tallies not folded yet.
-- Buckets: pending retrying running waiting completed skipped failed cancelled, and `sent` (sends to a paid service).
create table public.batch_tallies (
  id           bigint generated always as identity primary key,
  batch_id     bigint not null references public.batches on delete cascade,
  step_index   smallint not null,
  bucket       text not null,
  error_code   text not null default '',
  period_start timestamptz not null,               -- see leadloom.period_start
  n            bigint not null
);
create index batch_tallies_batch_idx on public.batch_tallies (batch_id);

create table public.batch_totals (
  batch_id   bigint not null references public.batches on delete cascade,
  step_index smallint not null,
  bucket     text not null,
  error_code text not null default '',
  n          bigint not null,
  primary key (batch_id, step_index, bucket, error_code)
);

create table public.batch_series (
  batch_id     bigint not null references public.batches on delete cascade,
  step_index   smallint not null,
  bucket       text not null,                      -- completed skipped failed sent
  period_start timestamptz not null,
  n            bigint not null,
  primary key (batch_id, period_start, step_index, bucket)
);

create table public.rate_buckets (
  key             text primary key,                -- a Clay workspace
  rate_per_second numeric not null check (rate_per_second > 0),
  burst           numeric not null check (burst >= 1),
  tokens          numeric not null,
  blocked_until   timestamptz,                     -- set by a 429's Retry-After
  refilled_at     timestamptz not null
);

create table public.webhook_counters (
  url_sha256 text primary key,                     -- the URL itself is a secret
  client_id  bigint not null references public.clients,
  sent       bigint not null default 0,
  first_at   timestamptz not null default now(),
  last_at    timestamptz not null default now()
);
create index webhook_counters_client_idx on public.webhook_counters (client_id);

create table public.engine_leases (
  name        text primary key,
  holder      uuid,
  expires_at  timestamptz,
  woken_at    timestamptz,
  last_run_at timestamptz,
  last_report jsonb not null default '{}'
);

-- A batch's step that has something due, as the dispatcher passes it on.
create type leadloom.due_step as (
  batch_id bigint, client_id bigint, client_slug text, step_index smallint, step jsonb, config_id bigint, config jsonb,
  affordable integer, promised integer
);
alter table public.workflow_states set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
alter table public.batch_items set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
alter table public.dispatch_chunks set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
