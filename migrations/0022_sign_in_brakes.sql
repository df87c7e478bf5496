-- What slows down password guessing: allowances that refill, taken before a password is checked. The failures that were
-- counted afterwards are not needed any more.

create table public.sign_in_brakes (
  key     text primary key,                        -- kind and hash: of an account, a network, both, or a device
  full_at timestamptz not null                     -- when the whole allowance is there again
);
-- Attempts that took from allowances and may give back: who signs in, and who could not be asked about, counts nothing.
create table public.sign_in_attempts (
  request uuid primary key,
  keys    text[] not null,
  at      timestamptz not null
);
create index sign_in_attempts_at_idx on public.sign_in_attempts (at);
alter table public.sign_in_brakes enable row level security;
alter table public.sign_in_attempts enable row level security;

drop table public.sign_in_failures;
