-- Who did what in the admin UI, and what slows down password guessing.

create table public.audit_log (
  id           bigint generated always as identity primary key,
  at           timestamptz not null default now(),
  actor        text not null,
  action       text not null,                      -- verb_noun, e.g. launch_batch
  client_id    bigint references public.clients,
  subject_type text not null,
  subject_uid  uuid,
  detail       jsonb not null default '{}'         -- never a secret
);
create index audit_log_client_idx on public.audit_log (client_id, id desc);

create table public.sign_in_failures (
  id      bigint generated always as identity primary key,
  key     text not null,                           -- sha256 of the e-mail or of the address it came from
  at      timestamptz not null default now()
);
create index sign_in_failures_key_idx on public.sign_in_failures (key, at desc);
