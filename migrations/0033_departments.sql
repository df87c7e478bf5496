-- The department that somebody works in: stated by a file or an answer, else derived from the job title.
alter table public.final_leads add column department text;
create index final_leads_department_idx on public.final_leads (client_id, department, batch_item_id)
  where department is not null;
