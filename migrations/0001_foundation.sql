-- Leadloom's ground: the private schema, the replaceable clock, the enums.
--
-- `public` holds the tables and the functions that the HTTP API may call; `leadloom` holds helpers that only SQL calls
-- (Supabase's API exposes `public` alone). Every object is granted to service_role by name: new objects start with no
-- grants on current Supabase projects, and functions start callable by everybody, which the default below takes back.

create schema if not exists leadloom;
revoke all on schema leadloom from public;
grant usage on schema leadloom to service_role;

alter default privileges revoke execute on functions from public;
alter default privileges in schema public revoke execute on functions from public;
alter default privileges in schema public revoke all on tables from anon, authenticated;
alter default privileges in schema public revoke all on sequences from anon, authenticated;
alter default privileges in schema public revoke execute on functions from anon, authenticated;

create schema if not exists extensions;
grant usage on schema extensions to service_role;
create extension if not exists pg_trgm with schema extensions;

create type public.upload_kind as enum ('people', 'companies', 'customers');
create type public.upload_state as enum ('RECEIVING', 'READY', 'FAILED');
create type public.workflow_kind as enum ('compute', 'clay');
create type public.batch_state as enum ('RUNNING', 'PAUSED', 'COMPLETED', 'CANCELLED');
create type public.item_state as enum ('ACTIVE', 'COMPLETED', 'FAILED', 'CANCELLED');
create type public.state_status as enum
  ('PENDING', 'IN_PROGRESS', 'COMPLETED', 'FAILED', 'SKIPPED', 'CANCELLED');
create type public.result_source as enum ('computed', 'clay', 'shared', 'reused');
create type public.callback_verdict as enum
  ('received', 'applied', 'duplicate', 'late', 'unmatched', 'rejected');
