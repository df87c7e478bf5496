-- What left for a paid service, one row per attempt: written in the transaction that allows the attempt to leave, and
-- never taken away. The books (send_count, spent, tallies, webhook counters) are kept beside it, and audited against it.

create table public.sends (
  id            bigint generated always as identity primary key,
  batch_id      bigint not null references public.batches on delete cascade,
  batch_item_id bigint not null references public.batch_items on delete cascade,
  step_index    smallint not null,
  attempt       smallint not null,
  url_sha256    text not null,                     -- the webhook; the URL itself is a secret
  marked_at     timestamptz not null,
  -- marked: may have left, nobody has said more. taken: answered with success. unknown: no answer, or one that leaves it
  -- open whether the row was taken. refused: certainly not taken. unsent: certainly never left.
  outcome       text not null default 'marked' check (outcome in ('marked', 'taken', 'unknown', 'refused', 'unsent')),
  http_status   smallint,
  note          text,                              -- why, in the user's words
  settled_at    timestamptz
);
create index sends_batch_idx on public.sends (batch_id, step_index);
create index sends_item_idx on public.sends (batch_item_id, step_index, attempt);
create index sends_url_idx on public.sends (url_sha256);
alter table public.sends enable row level security;

-- Batches launched before there was such a record cannot be audited against it.
alter table public.batches add column sends_recorded boolean not null default false;
alter table public.batches alter column sends_recorded set default true;

-- Times running that the whole service refused, without a row taken in between: pauses grow with it.
alter table public.rate_buckets add column refusals smallint not null default 0 check (refusals >= 0);
