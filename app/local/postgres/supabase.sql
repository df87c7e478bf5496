-- What a Supabase project brings before anybody's first migration, as far as Leadloom meets it: the API's roles with
-- their time-outs, the schemas, and the tables that Supabase Auth keeps. Run once on a fresh embedded database cluster
-- by a superuser. Source: the initial migrations of github.com/supabase/postgres.
--
-- authenticator   the account that the HTTP API signs in with; it may become one of the next three and has no right
-- itself
--   anon            a request with the publishable key
--   authenticated   a request with a signed-in user's token
--   service_role    a request with the secret key; passes row-level security

create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role authenticator login noinherit;
grant anon, authenticated, service_role to authenticator;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role authenticator set idle_in_transaction_session_timeout = '60s';
