-- The part of a Supabase project that lives inside one database: schemas, and Supabase Auth's own tables (only the
-- columns that sign-in needs). Run by a superuser on the embedded database before the first migration; running it again
-- changes nothing.

create schema if not exists extensions;
grant usage on schema extensions to anon, authenticated, service_role;
grant usage on schema public to anon, authenticated, service_role;

-- As on a project made since October 2026: new objects in public are granted to nobody.
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;

create schema if not exists auth;
revoke all on schema auth from public;

create table if not exists auth.users (
  id                 uuid primary key default gen_random_uuid(),
  aud                text not null default 'authenticated',
  role               text not null default 'authenticated',
  email              text not null check (email = lower(email)),
  encrypted_password text,                          -- scrypt$n$r$p$salt$hash; null: cannot sign in with a password
  email_confirmed_at timestamptz,
  banned_until       timestamptz,
  raw_app_meta_data  jsonb not null default '{}',   -- only the secret key may change it: roles live here
  raw_user_meta_data jsonb not null default '{}',   -- the user's own
  last_sign_in_at    timestamptz,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now()
);
create unique index if not exists users_email_key on auth.users (email);

create table if not exists auth.sessions (
  id         uuid primary key default gen_random_uuid(),
  user_id    uuid not null references auth.users on delete cascade,
  user_agent text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index if not exists sessions_user_idx on auth.sessions (user_id);

-- A refresh token is good for one use; using it makes its successor. Using it again, later than a few seconds after,
-- means that it was stolen: the whole session ends.
create table if not exists auth.refresh_tokens (
  id         bigint generated always as identity primary key,
  token      text not null unique,
  session_id uuid not null references auth.sessions on delete cascade,
  parent     text,
  revoked_at timestamptz,
  created_at timestamptz not null default now()
);
create index if not exists refresh_tokens_session_idx on auth.refresh_tokens (session_id);

alter table auth.users enable row level security;
alter table auth.sessions enable row level security;
alter table auth.refresh_tokens enable row level security;
