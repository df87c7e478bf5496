-- One CSV cell as a value: trimmed, without the apostrophe that spreadsheets put before a formula, null when empty.
create or replace function leadloom.clean_cell(p_cell text) returns text
language sql immutable security invoker set search_path = ''
as $$
  select nullif(btrim(regexp_replace(btrim(p_cell, E' \t\r\n\u00a0'), '^''(?=[-=+@(0-9])', ''), E' \t\r\n\u00a0'), '')
$$;
