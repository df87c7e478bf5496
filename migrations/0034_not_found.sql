-- Three ends of a paid look-up: found, not found (an answer like any other), not understood. A step that found nothing is
-- COMPLETED, so that everything that counts finished steps stays as it is; what the answer said is kept beside it, and
-- counts carry it as the code `not_found` of the bucket `completed`.

alter table public.workflow_states add column not_found text;
comment on column public.workflow_states.not_found is
  'COMPLETED without a find: what the answer said ("No results"); null where something was found';
create index workflow_states_not_found_idx on public.workflow_states (batch_id, step_index, id) where not_found is not null;

-- Fields of an applied answer that no reader knows, by their names.
alter table public.callback_inbox add column unread text[];
