-- An entity (a company, a person) has an ordered list of keys instead of one: rows of a batch that share any are one
-- entity and one paid call.

alter table public.enrichment_registry rename column entity_key to entity_keys;
alter table public.enrichment_registry
  alter column entity_keys type text[] using case when entity_keys is null then '{}' else array[entity_keys] end,
  alter column entity_keys set default '{}', alter column entity_keys set not null;
comment on column public.enrichment_registry.entity_keys is
  'by what the entity is known whose rows share one paid result, strongest first, in words; none: rows share nothing';

update public.batches b
set blueprint = (
  select jsonb_agg((s - 'entity_key') || jsonb_build_object('entity_keys',
           case when jsonb_typeof(s -> 'entity_key') = 'string' then jsonb_build_array(s -> 'entity_key') else '[]' end)
         order by o)
  from jsonb_array_elements(b.blueprint) with ordinality as e(s, o))
where jsonb_array_length(b.blueprint) > 0;

-- The keys that an entity of a step is known by; the entity is named after the first that it had. A key reads
-- `rank:hash`, rank 1 being the strongest, and may belong to several entities (two companies of one name).
create table public.entity_keys (
  batch_id   bigint not null references public.batches on delete cascade,
  step_index smallint not null,
  key        text not null,
  entity     text not null,
  primary key (batch_id, step_index, key, entity)
);
create index entity_keys_entity_idx on public.entity_keys (batch_id, step_index, entity);
alter table public.entity_keys enable row level security;

alter table public.workflow_states add column entity_rank smallint;  -- of the strongest key that this row has
update public.workflow_states set entity_rank = 1 where entity_value is not null;
insert into public.entity_keys (batch_id, step_index, key, entity)
select distinct batch_id, step_index, entity_value, entity_value from public.workflow_states where entity_value is not null;

-- Rows of such a step that nobody has looked at the keys of yet.
create index workflow_states_unplaced_idx on public.workflow_states (id)
  where status = 'PENDING' and available_at = 'infinity' and entity_value is null;
