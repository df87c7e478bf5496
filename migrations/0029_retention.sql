-- Archives, deletions and erasures: what is moved out, removed, or made unreadable, and the record of it.

-- One Parquet file of an archived batch. Its rows are removed from the database after the file was written and verified.
create table public.archive_files (
  id          bigint generated always as identity primary key,
  uid         uuid not null unique default gen_random_uuid(),
  batch_id    bigint references public.batches on delete set null,
  batch_uid   uuid not null,                         -- stays when the batch is deleted
  kind        text not null check (kind in ('results', 'superseded', 'callbacks')),
  part        integer not null check (part >= 1),
  path        text not null,                         -- below the archive's folder
  sha256      text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  byte_size   bigint not null check (byte_size >= 0),
  row_count   integer not null check (row_count >= 1),
  written_at  timestamptz not null default now(),
  removed_at  timestamptz,                           -- its rows are no longer in the database
  restored_at timestamptz,                           -- and are there again
  unique (batch_uid, kind, part)
);
create index archive_files_batch_idx on public.archive_files (batch_id);

alter table public.batches add column archived_at timestamptz;    -- payloads are in archive_files
alter table public.batches add column restored_at timestamptz;    -- and were brought back then
create index batches_archivable_idx on public.batches (finished_at) where archived_at is null;

-- Which file a payload is in, while it is not here. No key: files are found by it, rows never.
alter table public.enrichment_results add column archived_in bigint;
alter table public.superseded_results add column archived_in bigint;
alter table public.callback_inbox add column archived_in bigint;

-- A client or an upload that is being deleted, in portions, with all its data.
create table public.deletions (
  id           bigint generated always as identity primary key,
  uid          uuid not null unique default gen_random_uuid(),
  kind         text not null check (kind in ('client', 'upload')),
  subject_uid  uuid not null,
  client_id    bigint references public.clients on delete set null,
  upload_id    bigint references public.uploads on delete set null,
  name         text not null,                        -- of the client, or of the file
  counts       jsonb not null default '{}',          -- table -> rows deleted
  archives     text[] not null default '{}',         -- files of the archive that hold the data still
  requested_by text not null,
  requested_at timestamptz not null default now(),
  finished_at  timestamptz
);
create unique index deletions_open_key on public.deletions (subject_uid) where finished_at is null;
create index deletions_client_idx on public.deletions (client_id);
create index deletions_upload_idx on public.deletions (upload_id);

-- A person who is being, or was, erased. What it was is kept as a hash only: whoever knows the address can ask whether it
-- was erased, and nobody can read it here. The pattern that is looked for goes when the work is done.
create table public.erasures (
  id           bigint generated always as identity primary key,
  uid          uuid not null unique default gen_random_uuid(),
  sha256       text[] not null check (cardinality(sha256) >= 1),
  kinds        text[] not null,                      -- email, linkedin
  pattern      text,
  phase        smallint not null default 0,
  relation     regclass,                             -- being looked through, from `block` on
  block        bigint not null default 0,
  pass         smallint not null default 1,
  found        integer not null default 0,           -- in this pass
  counts       jsonb not null default '{}',          -- rows of the person; table -> rows that only mentioned it
  archives     text[] not null default '{}',         -- files of the archive that may hold it still
  requested_by text not null,
  requested_at timestamptz not null default now(),
  finished_at  timestamptz,
  check ((pattern is null) = (finished_at is not null))
);
create unique index erasures_open_key on public.erasures (sha256) where finished_at is null;

alter table public.batch_items add column erased_at timestamptz;
create index batch_items_erased_idx on public.batch_items (batch_id) where erased_at is not null;

-- A client's webhook counters outlive it: a URL keeps its count for life, whoever uses it next.
alter table public.webhook_counters alter column client_id drop not null;

alter table public.archive_files enable row level security;
alter table public.deletions enable row level security;
alter table public.erasures enable row level security;
