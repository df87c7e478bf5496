-- A receiver token that was replaced is accepted for a while: Clay tables that hold the old one lose no answer.

create table public.retired_receiver_tokens (
  token_sha256   text primary key check (token_sha256 ~ '^[0-9a-f]{64}$'),
  client_id      bigint not null references public.clients on delete cascade,
  accepted_until timestamptz not null
);
create index retired_receiver_tokens_client_idx on public.retired_receiver_tokens (client_id);
alter table public.retired_receiver_tokens enable row level security;

-- A file of the archive may end empty when everybody in it was erased.
alter table public.archive_files drop constraint archive_files_row_count_check;
alter table public.archive_files add check (row_count >= 0);
