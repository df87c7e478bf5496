-- Holds: why the dispatcher passes a step by although rows of it are due. Codes: `budget` (its credits do not cover the
-- next row), `no_address` (nobody has said where answers go to). A step may be held for several reasons at once, and
-- goes on when the last of them is gone.

-- Held already: the first hold stands, with its time; a reason that changed is replaced. Returns whether it is new.
create or replace function leadloom.hold_step(p_batch_id bigint, p_step_index integer, p_code text, p_reason text)
returns boolean
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  insert into public.step_holds (batch_id, step_index, code, reason, since)
  values (p_batch_id, p_step_index, p_code, p_reason, leadloom.clock())
  on conflict (batch_id, step_index, code) do nothing;
  if found then
    return true;
  end if;
  update public.step_holds set reason = p_reason
  where batch_id = p_batch_id and step_index = p_step_index and code = p_code and reason <> p_reason;
  return false;
end
$$;

-- p_step_index null: every step of the batch that is held for this. Returns how many holds went.
create or replace function leadloom.release_step(p_batch_id bigint, p_step_index integer, p_code text) returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_n integer;
begin
  delete from public.step_holds
  where batch_id = p_batch_id and code = p_code and (p_step_index is null or step_index = p_step_index);
  get diagnostics v_n = row_count;
  return v_n;
end
$$;

create or replace function leadloom.is_held(p_batch_id bigint, p_step_index integer) returns boolean
language sql stable security invoker set search_path = ''
as $$
  select exists (select 1 from public.step_holds where batch_id = p_batch_id and step_index = p_step_index)
$$;

-- A batch's holds as pages, status and console show them: [{"step_index", "code", "reason", "since"}].
create or replace function leadloom.batch_holds(p_batch_id bigint) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object('step_index', step_index, 'code', code, 'reason', reason, 'since', since)
                            order by step_index, code), '[]')
  from public.step_holds where batch_id = p_batch_id
$$;

-- A batch's counts as people see them: what is pending or retrying at a held step is `held`, what is
-- complete without a find `not_found`.
create or replace function leadloom.shown_counts(p_batch_id bigint)
returns table (step_index smallint, bucket text, n bigint)
language sql stable security invoker set search_path = ''
as $$
  select c.step_index,
         case when h.step_index is not null and c.bucket in ('pending', 'retrying') then 'held'
              else leadloom.shown_bucket(c.bucket, c.error_code) end,
         sum(c.n)::bigint
  from leadloom.batch_counts(p_batch_id) c
  left join (select distinct step_index from public.step_holds where batch_id = p_batch_id) h
    on h.step_index = c.step_index
  group by 1, 2
$$;
