-- An item's copy of its raw row is for the time in which its batch lives; afterwards the raw row alone is kept.

alter table public.batch_items alter column original_data drop not null;
alter table public.batches add column originals_through integer not null default 0;   -- rows whose copy is gone
alter table public.batches add column originals_emptied_at timestamptz;
create index batches_originals_idx on public.batches (finished_at) where originals_emptied_at is null;
