-- How one tells an upload that is still coming in from one whose sender vanished; and cheaper packing of raw rows.

alter table public.uploads add column touched_at timestamptz not null default now();
create index uploads_unready_idx on public.uploads (id) where state <> 'READY';

-- Hosted PostgreSQL is built with lz4, which packs rows several times faster; the embedded one is not.
do $$
begin
  alter table public.raw_apollo_uploads alter column data set compression lz4;
  alter table public.batch_items alter column original_data set compression lz4;
exception when feature_not_supported then
  null;
end
$$;
