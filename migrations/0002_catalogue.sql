-- What an agency sets up before anything runs: clients, uploads with their untouched rows, the workflow registry,
-- pipelines and the per-client configuration of workflows.

create table public.clients (
  id          bigint generated always as identity primary key,
  uid         uuid not null unique default gen_random_uuid(),
  name        text not null check (length(btrim(name)) between 1 and 200),
  slug        text not null unique check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  created_at  timestamptz not null default now(),
  archived_at timestamptz
);
create unique index clients_name_key on public.clients (lower(name));

create table public.uploads (
  id          bigint generated always as identity primary key,
  uid         uuid not null unique default gen_random_uuid(),
  client_id   bigint not null references public.clients,
  kind        public.upload_kind not null,
  filename    text not null,
  sha256      text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  byte_size   bigint not null check (byte_size >= 0),
  header      jsonb not null default '[]',   -- column names in file order, unique
  mapping     jsonb not null default '{}',   -- field name -> column name
  report      jsonb not null default '{}',   -- encoding, separator, unrecognised columns, warnings per column
  row_count   integer not null default 0 check (row_count >= 0),
  state       public.upload_state not null default 'RECEIVING',
  error       text,
  created_by  text not null default 'system',
  created_at  timestamptz not null default now(),
  ready_at    timestamptz
);
create index uploads_client_idx on public.uploads (client_id, id desc);
create index uploads_sha_idx on public.uploads (client_id, sha256);

create table public.raw_apollo_uploads (
  upload_id  bigint not null references public.uploads on delete cascade,
  row_number integer not null check (row_number >= 1),
  data       jsonb not null,                 -- every column of the row as it came
  primary key (upload_id, row_number)
);

create table public.enrichment_registry (
  slug                 text primary key check (slug ~ '^[a-z][a-z0-9_]*$'),
  title                text not null,
  description          text not null default '',
  kind                 public.workflow_kind not null,
  applies_to           public.upload_kind[] not null,
  reads                text[] not null,      -- field names, all of them
  required             text[] not null,      -- the fields among them without which the step cannot work
  writes               text[] not null,      -- field names
  needs_original       boolean not null default false,
  config_schema        jsonb,                -- JSON schema of the client's config; null: the workflow needs none
  default_timeout_s    integer not null check (default_timeout_s > 0),
  default_max_attempts integer not null check (default_max_attempts between 1 and 20),
  cost_per_row         numeric(12, 4) not null default 0 check (cost_per_row >= 0),
  entity_key           text,                 -- field that names the entity whose result rows may share
  updated_at           timestamptz not null default now(),
  retired_at           timestamptz           -- no function with this slug is deployed any more
);

create table public.enrichment_pipelines (
  id          bigint generated always as identity primary key,
  uid         uuid not null unique default gen_random_uuid(),
  client_id   bigint references public.clients,   -- null: a template that every client may start from
  name        text not null check (length(btrim(name)) between 1 and 200),
  upload_kind public.upload_kind not null,
  steps       jsonb not null check (jsonb_typeof(steps) = 'array'),
  version     integer not null default 1 check (version >= 1),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  updated_by  text not null default 'system',
  archived_at timestamptz
);
create unique index enrichment_pipelines_name_key
  on public.enrichment_pipelines (coalesce(client_id, 0), lower(name)) where archived_at is null;
create index enrichment_pipelines_client_idx on public.enrichment_pipelines (client_id);

create table public.pipeline_versions (
  pipeline_id bigint not null references public.enrichment_pipelines on delete cascade,
  version     integer not null,
  steps       jsonb not null,
  saved_at    timestamptz not null default now(),
  saved_by    text not null,
  primary key (pipeline_id, version)
);

create table public.client_workflow_configs (
  id            bigint generated always as identity primary key,
  client_id     bigint not null references public.clients,
  workflow_slug text not null references public.enrichment_registry,
  label         text not null default '',
  config        jsonb not null check (jsonb_typeof(config) = 'object'),
  version       integer not null default 1,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  updated_by    text not null default 'system',
  unique (client_id, workflow_slug, label)
);
create index client_workflow_configs_workflow_idx on public.client_workflow_configs (workflow_slug);
