-- Cells: what stands in one field of a CSV row, as text. A cell is stored as it came; where SQL compares or searches
-- cells, it takes their value.

-- A cell's value: trimmed, without the apostrophe that exports put before what a spreadsheet would take for a
-- formula ('+1 415, '=x), null when nothing is left. The apostrophe of a name ('t Hof) stays.
create or replace function leadloom.clean_cell(p_cell text) returns text
language plpgsql immutable strict security invoker set search_path = ''
as $$
begin
  p_cell := btrim(p_cell, E' \t\r\n\u00a0');
  if p_cell = '' then
    return null;
  elsif left(p_cell, 1) = '''' and p_cell ~ '^''[-=+@(0-9]' then
    return nullif(btrim(substr(p_cell, 2), E' \t\r\n\u00a0'), '');
  end if;
  return p_cell;
end
$$;
