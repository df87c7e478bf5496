-- Lists of customers are read by the worker for files, as uploads are: what is read is kept as drafts, and the client's
-- list changes when the last row has been read, at once.

-- `customers`: the list is an upload that is here already. One that is sent is an `upload` whose request says so.
alter type public.file_job_kind add value 'customers';

create table public.customer_drafts (
  list_uid    uuid not null,           -- the file job's; of a pasted list, one that nobody else has
  row_number  integer not null,
  name        text,
  name_key    text,
  domain      text,
  linkedin    text,
  given       text not null,
  customer_id bigint,                  -- whom it turned out to be, while the list is taken over
  primary key (list_uid, row_number)
);
alter table public.customer_drafts enable row level security;
