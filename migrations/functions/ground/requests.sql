-- Operations that are asked twice and done once: whoever asks names the wish with a key (p_request), and the answer is
-- noted under it in the same transaction (operator_requests).

-- An operation that is repeated because its reply was lost answers as it did. Null: go ahead, and note the answer.
create or replace function leadloom.answered(p_request uuid) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  if p_request is null then
    return null;
  end if;
  insert into public.operator_requests (key, at, answer) values (p_request, leadloom.clock(), 'null')
  on conflict (key) do nothing;
  if found then
    return null;
  end if;
  return (select answer from public.operator_requests where key = p_request);
end
$$;

create or replace function leadloom.note_answer(p_request uuid, p_answer jsonb) returns jsonb
language sql volatile security invoker set search_path = ''
as $$
  update public.operator_requests set answer = p_answer where key = p_request;
  select p_answer
$$;
