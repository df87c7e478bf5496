-- A mapping of columns that somebody confirmed is used for the client's next file of the same shape.

-- What files of one shape mean: SHA-256 over the header's labels, compared as headers are, in any order.
create table public.remembered_mappings (
  client_id    bigint not null references public.clients on delete cascade,
  kind         public.upload_kind not null,
  header_shape text not null check (header_shape ~ '^[0-9a-f]{64}$'),
  mapping      jsonb not null check (jsonb_typeof(mapping) = 'object'),
  confirmed_by text not null,
  confirmed_at timestamptz not null,
  primary key (client_id, kind, header_shape)
);
alter table public.remembered_mappings enable row level security;

alter table public.uploads add column header_shape text check (header_shape ~ '^[0-9a-f]{64}$');
comment on column public.uploads.header_shape is 'null: read before mappings were remembered';
