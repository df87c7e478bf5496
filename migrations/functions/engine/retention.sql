-- What is kept how long. A row's copy in its item (`batch_items.original_data`) serves the steps while the batch lives;
-- some time after its end the copy is emptied, and whoever asks for it gets the raw row, which holds the same.

-- Empty the copies of one batch that ended at least p_after_s seconds ago, at most p_limit rows a call; the caller asks
-- again while `emptied` is not 0. A copy without its raw row stays: it is the only one.
create or replace function public.empty_originals(p_after_s numeric, p_limit integer default 2000) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_batch record;
  v_last integer;
begin
  select id, upload_id, originals_through into v_batch from public.batches
  where originals_emptied_at is null and finished_at <= leadloom.clock() - p_after_s * interval '1 second'
    and state in ('COMPLETED', 'CANCELLED')
  order by finished_at limit 1 for no key update skip locked;
  if v_batch.id is null then
    return jsonb_build_object('emptied', 0);
  end if;
  select max(row_number) into v_last from (
    select row_number from public.batch_items where batch_id = v_batch.id and row_number > v_batch.originals_through
    order by row_number limit p_limit) next;
  if v_last is null then
    update public.batches set originals_emptied_at = leadloom.clock() where id = v_batch.id;
    return jsonb_build_object('emptied', 0, 'batch_done', true);
  end if;
  update public.batch_items i set original_data = null
  where i.batch_id = v_batch.id and i.row_number > v_batch.originals_through and i.row_number <= v_last
    and i.original_data is not null
    and exists (select 1 from public.raw_apollo_uploads r
                where r.upload_id = v_batch.upload_id and r.row_number = i.row_number
                  -- Said again, so that no plan reads more of the raw rows than this range.
                  and r.row_number > v_batch.originals_through and r.row_number <= v_last);
  update public.batches set originals_through = v_last where id = v_batch.id;
  return jsonb_build_object('emptied', v_last - v_batch.originals_through);
end
$$;
