-- Read models of the inbox: a page of callbacks, and one of them with its body. Filters as inbox.sql takes them.

create or replace function public.insights_callbacks(p_filter jsonb, p_before bigint, p_limit integer) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_ids bigint[] := leadloom.inbox_ids(p_filter, p_before, p_limit + 1, false);
  v_more boolean := cardinality(v_ids) > p_limit;
begin
  v_ids := v_ids[1 : p_limit];
  return jsonb_build_object(
    'rows', (select coalesce(jsonb_agg(leadloom.callback_row(c) || jsonb_build_object(
        'body', left(c.body, 160), 'bytes', octet_length(c.body)) order by c.id desc), '[]')
      from public.callback_inbox c where c.id = any (v_ids)),
    'next', case when v_more then v_ids[cardinality(v_ids)] end,
    -- Counted up to a thousand: beyond that, "1,000+" says enough until somebody begins.
    'rereadable', cardinality(leadloom.inbox_ids(p_filter, null, 1001, true)),
    'client', case when p_filter ->> 'client' is not null
                   then leadloom.client_head(leadloom.client_id((p_filter ->> 'client')::uuid)) end,
    'workflows', (select coalesce(jsonb_agg(jsonb_build_object('slug', slug, 'title', title) order by title), '[]')
                  from public.enrichment_registry where kind = 'clay'));
end
$$;

-- Why a callback has its verdict, as people read it: the engine's mark on a late one that counted is a word of its own.
create or replace function leadloom.callback_note(p_verdict public.callback_verdict, p_note text) returns text
language sql immutable security invoker set search_path = ''
as $$
  select case when p_verdict = 'late' and p_note = 'applied' then 'Arrived late, but was applied.' else p_note end
$$;

create or replace function leadloom.callback_row(p_inbox public.callback_inbox) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object(
    'id', p_inbox.id, 'received_at', p_inbox.received_at, 'settled_at', p_inbox.settled_at,
    'verdict', p_inbox.verdict, 'note', leadloom.callback_note(p_inbox.verdict, p_inbox.note), 'doubts', p_inbox.doubts, 'unread', p_inbox.unread, 'tries', p_inbox.tries,
    'workflow', p_inbox.workflow_slug,
    'workflow_title', (select title from public.enrichment_registry where slug = p_inbox.workflow_slug),
    'step_index', p_inbox.step_index, 'attempt', p_inbox.attempt, 'rereadable', leadloom.can_be_reread(p_inbox),
    'client', c.name, 'client_uid', c.uid, 'item', i.uid, 'row_number', i.row_number, 'batch', b.name, 'batch_uid', b.uid)
  from (select) nothing
  left join public.clients c on c.id = p_inbox.client_id
  left join public.batch_items i on i.id = p_inbox.batch_item_id
  left join public.batches b on b.id = p_inbox.batch_id
$$;

-- The body as far as a page shows it: 200,000 letters of at most five megabytes.
create or replace function public.insights_callback(p_inbox bigint) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_inbox public.callback_inbox;
begin
  select * into v_inbox from public.callback_inbox where id = p_inbox;
  if v_inbox.id is null then
    raise exception using errcode = 'PT404', message = 'There is no such callback.', hint = 'Choose one from the list.';
  end if;
  return leadloom.callback_row(v_inbox) || jsonb_build_object(
    'body', left(v_inbox.body, 200000), 'cut', length(v_inbox.body) > 200000, 'bytes', octet_length(v_inbox.body));
end
$$;
