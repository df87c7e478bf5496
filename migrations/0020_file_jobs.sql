-- Files on their way in or out, and other work on whole files that is longer than a web request: kept in pieces, done by
-- a worker that may be lost at any moment and is followed by the next one.

create type public.file_job_kind as enum ('upload', 'duplicates', 'export');
-- SENDING: pieces of an upload arrive. WAITING for a worker. RUNNING under a worker's lease. READY: an upload can be
-- launched, an export can be downloaded. EXPIRED: an export whose day is over.
create type public.file_job_state as enum ('SENDING', 'WAITING', 'RUNNING', 'READY', 'FAILED', 'EXPIRED');

create table public.file_jobs (
  id          bigint generated always as identity primary key,
  uid         uuid not null unique default gen_random_uuid(),
  kind        public.file_job_kind not null,
  state       public.file_job_state not null,
  client_id   bigint references public.clients on delete cascade,   -- null: an export over all clients
  filename    text not null,
  request     jsonb not null default '{}',      -- what was asked for, in the words of the worker
  request_key text not null,                    -- asked again while unfinished, it is the same job
  sha256      text,                             -- of an upload's whole file, as the sender has it
  byte_size   bigint not null default 0,
  piece_bytes integer,                          -- size of an upload's pieces; the last one may be smaller
  piece_count integer not null default 0,       -- of an upload: how many it has; of an export: how many there are by now
  phase       text not null default '',         -- what the worker is at
  done_rows   integer not null default 0,
  total_rows  integer,
  resume_at   jsonb,                            -- of an export: behind which row the next piece begins
  result      jsonb,
  attempts    smallint not null default 0,
  holder      uuid,
  lease_until timestamptz,
  offered_at  timestamptz,                      -- when a worker was last started for it
  error       text,
  hint        text,
  code        text,
  created_by  text not null default 'system',
  created_at  timestamptz not null default now(),
  touched_at  timestamptz not null default now(),
  finished_at timestamptz
);
create unique index file_jobs_unfinished_key on public.file_jobs (kind, request_key)
  where state in ('SENDING', 'WAITING', 'RUNNING');
create index file_jobs_due_idx on public.file_jobs (id) where state in ('WAITING', 'RUNNING');
create index file_jobs_touched_idx on public.file_jobs (state, touched_at);
create index file_jobs_client_idx on public.file_jobs (client_id, id desc);

create table public.file_pieces (
  job_id  bigint not null references public.file_jobs on delete cascade,
  number  integer not null check (number >= 0),
  start   bigint not null,                      -- offset in the whole file
  size    integer not null check (size > 0),    -- bytes of the file in this piece
  content bytea not null,                       -- those bytes, packed by zlib
  primary key (job_id, number)
);
alter table public.file_pieces alter column content set storage external;
