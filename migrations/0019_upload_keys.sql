-- Uploads can be taken up where a reader was lost, and rows are recognised by keys that Python makes.

-- Who stores the rows of an upload that is still RECEIVING. Beginning it again changes the holder: the former one's calls
-- are refused from then on, so that two readers never work on one upload.
alter table public.uploads add column holder uuid;

-- By which rules an upload's keys were made (0: none are), and up to which row.
alter table public.upload_scans
  add column key_version integer not null default 0,
  add column keyed_through integer not null default 0;

-- Keys made in SQL knew few spellings. Uploads are keyed again when somebody looks for duplicates next.
truncate public.upload_keys, public.upload_scans;
