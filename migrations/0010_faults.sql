-- A batch that the database refused something for is held: the engine passes it by until somebody resumes it.

alter table public.batches add column fault text;  -- what the engine was doing when it was refused; null: nothing was
create index batches_fault_idx on public.batches (id) where fault is not null;

-- What names an entity is a hash of bounded length, with the rank of the key it was made of in front.
update public.workflow_states
set entity_value = '1:' || left(encode(sha256(convert_to(entity_value, 'UTF8')), 'hex'), 32)
where entity_value is not null;
update public.waking_entities
set entity_value = '1:' || left(encode(sha256(convert_to(entity_value, 'UTF8')), 'hex'), 32)
where entity_value is not null;
