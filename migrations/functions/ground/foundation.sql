-- Small words that every other SQL file uses: the clock, buckets, audit entries, conditions.

-- The one clock. A test moves time with `set leadloom.clock_offset = '2 hours'` instead of sleeping.
create or replace function leadloom.clock() returns timestamptz
language sql stable security invoker set search_path = ''
as $$
  select now() + coalesce(nullif(current_setting('leadloom.clock_offset', true), '')::interval, interval '0')
$$;

-- A count as people write it: 1 row, 2 rows, 1,234 rows, 3 batches.
create or replace function leadloom.plural(p_count bigint, p_one text, p_many text default null) returns text
language sql immutable security invoker set search_path = ''
as $$
  select to_char(coalesce(p_count, 0), 'FM999,999,999,999,999,990') || ' '
         || case when p_count = 1 then p_one else coalesce(p_many, p_one || 's') end
$$;

-- What people see: `waiting` (sent, the callback is due) and `retrying` are told apart from running and pending.
create or replace function leadloom.bucket(p_status public.state_status, p_attempt smallint, p_sent_at timestamptz)
returns text
language sql immutable security invoker set search_path = ''
as $$
  select case p_status
    when 'PENDING' then case when p_attempt > 0 then 'retrying' else 'pending' end
    when 'IN_PROGRESS' then case when p_sent_at is null then 'running' else 'waiting' end
    when 'COMPLETED' then 'completed'
    when 'FAILED' then 'failed'
    when 'SKIPPED' then 'skipped'
    else 'cancelled'
  end
$$;

-- A bucket's cause, as counts keep it: why a step failed; `not_found` where it is complete and found nothing.
create or replace function leadloom.bucket_code(p_status public.state_status, p_error_code text, p_not_found text)
returns text
language sql immutable security invoker set search_path = ''
as $$
  select case when p_status = 'FAILED' then coalesce(p_error_code, '')
              when p_status = 'COMPLETED' and p_not_found is not null then 'not_found' else '' end
$$;

-- The bucket as people see it: what found nothing is grey, not green.
create or replace function leadloom.shown_bucket(p_bucket text, p_code text) returns text
language sql immutable security invoker set search_path = ''
as $$
  select case when p_bucket = 'completed' and p_code = 'not_found' then 'not_found' else p_bucket end
$$;

create or replace function leadloom.audit(
  p_actor text, p_action text, p_client_id bigint, p_subject_type text, p_subject_uid uuid, p_detail jsonb default '{}')
returns void
language sql volatile security invoker set search_path = ''
as $$
  insert into public.audit_log (at, actor, action, client_id, subject_type, subject_uid, detail)
  values (leadloom.clock(), coalesce(nullif(leadloom.indexable(p_actor), ''), 'system'), p_action, p_client_id, p_subject_type,
          p_subject_uid, coalesce(p_detail, '{}'))
$$;

-- A step's condition: {"field": name, "op": one of the below, "value": text | [text]}. No condition is always met.
create or replace function leadloom.condition_met(p_condition jsonb, p_fields jsonb) returns boolean
language sql immutable security invoker set search_path = ''
as $$
  select case
    when p_condition is null or p_condition = 'null' then true
    else (
      with seen as (select lower(btrim(coalesce(p_fields ->> (p_condition ->> 'field'), ''))) as have,
                           lower(btrim(coalesce(p_condition ->> 'value', ''))) as want)
      select case p_condition ->> 'op'
        when 'is_empty' then have = ''
        when 'is_not_empty' then have <> ''
        when 'equals' then have = want
        when 'not_equals' then have <> want
        when 'contains' then strpos(have, want) > 0
        when 'not_contains' then strpos(have, want) = 0
        when 'in' then exists (
          select 1 from jsonb_array_elements_text(
            case when jsonb_typeof(p_condition -> 'value') = 'array' then p_condition -> 'value' else '[]' end) v
          where lower(btrim(v)) = have)
        else false
      end
      from seen)
  end
$$;

-- The identity columns of an item as fields; names without a value are left out.
create or replace function leadloom.identity_fields(p_item public.batch_items) returns jsonb
language sql immutable security invoker set search_path = ''
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'person_name', p_item.person_name, 'first_name', p_item.first_name, 'last_name', p_item.last_name,
    'title', p_item.title, 'email', p_item.email, 'linkedin', p_item.linkedin,
    'company_name', p_item.company_name, 'company_domain', p_item.company_domain,
    'company_linkedin', p_item.company_linkedin, 'website', p_item.website,
    'industry', p_item.industry, 'country', p_item.country))
$$;
