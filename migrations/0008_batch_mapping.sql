-- A batch keeps the header mapping that it was launched with: correcting the upload's mapping afterwards concerns the
-- next launch, not rows under way.

alter table public.batches add column mapping jsonb not null default '{}';
update public.batches b set mapping = u.mapping from public.uploads u where u.id = b.upload_id;
