-- What the admin pages keep for themselves: which rows of an upload repeat each other or an earlier upload of the same
-- client, and the indexes that their lists are read by.

-- One row per raw row that has a key to be recognised by: a hash of its e-mail, LinkedIn URL, domain or names.
create table public.upload_keys (
  upload_id      bigint not null references public.uploads on delete cascade,
  row_number     integer not null,
  client_id      bigint not null,
  key            bigint not null,
  first_row      integer,                            -- an earlier row of this file with the same key
  earlier_upload bigint,                             -- the latest earlier upload of this client with the same key
  primary key (upload_id, row_number)
);
create index upload_keys_key_idx on public.upload_keys (client_id, key, upload_id, row_number);
create index upload_keys_repeated_idx on public.upload_keys (upload_id, row_number)
  where first_row is not null or earlier_upload is not null;

-- How far the comparison of an upload got, and what it found.
create table public.upload_scans (
  upload_id   bigint primary key references public.uploads on delete cascade,
  through_row integer not null default 0,
  without_key integer not null default 0,
  in_file     integer not null default 0,
  earlier     integer not null default 0,
  finished_at timestamptz
);

create index workflow_states_aside_idx on public.workflow_states (batch_id, step_index, id)
  where status in ('SKIPPED', 'CANCELLED');
create index callback_inbox_verdict_idx on public.callback_inbox (received_at, verdict);
create index clients_lower_name_idx on public.clients (lower(name), id);
create index batches_state_idx on public.batches (state, id desc);
create index audit_log_action_idx on public.audit_log (action, id desc);
create index audit_log_actor_idx on public.audit_log (actor, id desc);
