-- What an agency asks questions of: leads, work histories, the client's own customers, and the small tables around
-- them (saved views, share links, replays of the extraction). Everything here can be built again from
-- enrichment_results at any time without calling anyone.

create type public.date_precision as enum ('year', 'month', 'day');
create type public.company_match as enum ('domain', 'linkedin', 'name');   -- strongest first
create type public.run_state as enum ('RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED');

alter table public.clients add column new_in_role_months smallint not null default 6
  check (new_in_role_months between 1 and 60);

-- One clean row per item. `provenance` says for every field where its value came from, `report` what could not be
-- read, `content_md5` tells a re-run whether anything changed.
create table public.final_leads (
  batch_item_id       bigint primary key references public.batch_items on delete cascade,
  item_uid            uuid not null unique,
  client_id           bigint not null references public.clients,
  batch_id            bigint not null references public.batches on delete cascade,
  row_number          integer not null,
  person_name         text,
  first_name          text,
  last_name           text,
  title               text,
  headline            text,
  seniority           text,
  email               text,
  email_status        text,
  phone               text,
  linkedin            text,
  city                text,
  state               text,
  country             text,
  location            text,                              -- as it came, where it could not be taken apart
  current_job_start   date,                              -- first day of what is known; the precision says how much is
  current_job_start_precision public.date_precision,
  company_name        text,
  company_key         text,                              -- name without legal form, accents and punctuation
  company_domain      text,
  company_linkedin    text,
  website             text,
  industry            text,
  size_bucket         text,
  employee_count      integer,
  company_city        text,
  company_state       text,
  company_country     text,
  company_phone       text,
  annual_revenue      text,
  total_funding       text,
  latest_funding      text,
  founded_year        smallint,
  company_type        text,
  company_description text,
  specialties         text[],
  worked_at_customer  boolean not null default false,    -- was at a customer that he or she has left
  works_at_customer   boolean not null default false,    -- is at a customer today
  customers           jsonb not null default '[]',       -- [{customer, name, status, match, title, start, end}]
  provenance          jsonb not null default '{}',       -- field -> {from, step?, workflow?, attempt?, column?}
  report              jsonb not null default '{}',       -- field -> what could not be read, and why
  parser_version      integer not null,
  content_md5         text not null,
  search              tsvector not null,
  extracted_at        timestamptz not null,
  changed_at          timestamptz not null,
  check ((current_job_start is null) = (current_job_start_precision is null))
) with (fillfactor = 90);
create index final_leads_client_idx on public.final_leads (client_id, batch_item_id);
create index final_leads_batch_idx on public.final_leads (batch_id, batch_item_id);
create index final_leads_industry_idx on public.final_leads (client_id, industry, batch_item_id)
  where industry is not null;
create index final_leads_size_idx on public.final_leads (client_id, size_bucket, batch_item_id)
  where size_bucket is not null;
create index final_leads_country_idx on public.final_leads (client_id, country, batch_item_id)
  where country is not null;
create index final_leads_seniority_idx on public.final_leads (client_id, seniority, batch_item_id)
  where seniority is not null;
create index final_leads_start_idx on public.final_leads (client_id, current_job_start, batch_item_id)
  where current_job_start is not null;
create index final_leads_domain_idx on public.final_leads (company_domain, client_id, batch_item_id)
  where company_domain is not null;
create index final_leads_former_idx on public.final_leads (client_id, batch_item_id) where worked_at_customer;
create index final_leads_current_idx on public.final_leads (client_id, batch_item_id) where works_at_customer;
create index final_leads_search_idx on public.final_leads using gin (search);

-- The client's own customers, the other half of "who used to work at a customer?".
create table public.client_customers (
  id         bigint generated always as identity primary key,
  uid        uuid not null unique default gen_random_uuid(),
  client_id  bigint not null references public.clients,
  name       text,
  name_key   text,
  domain     text,
  linkedin   text,
  given      text not null,                              -- the line or row as it came
  upload_id  bigint references public.uploads,
  created_by text not null,
  created_at timestamptz not null default now(),
  check (domain is not null or linkedin is not null or name_key is not null)
);
create unique index client_customers_domain_key on public.client_customers (client_id, domain)
  where domain is not null;
create unique index client_customers_linkedin_key on public.client_customers (client_id, linkedin)
  where linkedin is not null;
create index client_customers_name_idx on public.client_customers (client_id, name_key) where name_key is not null;
create index client_customers_upload_idx on public.client_customers (upload_id) where upload_id is not null;

-- One row per client: whoever stores leads holds it shared, whoever changes the list holds it alone, so that no lead
-- is stored by an outdated list behind the back of the refresh.
create table public.customer_lists (
  client_id   bigint primary key references public.clients,
  version     integer not null default 0,
  changed_at  timestamptz not null
);

-- The refresh of all flags after the list changed: how far it got.
create table public.customer_refreshes (
  client_id    bigint primary key references public.clients,
  list_version integer not null,
  through_item bigint not null default 0,
  total        integer not null,
  done         integer not null default 0,
  changed      integer not null default 0,
  started_at   timestamptz not null,
  finished_at  timestamptz
);

create table public.person_work_history (
  batch_item_id    bigint not null references public.final_leads on delete cascade,
  position_no      smallint not null check (position_no >= 0),   -- in the order of the payload
  client_id        bigint not null,                      -- the lead's, for the indexes
  company_name     text,
  company_key      text,
  company_domain   text,
  company_linkedin text,
  title            text,
  location         text,
  start_date       date,
  start_precision  public.date_precision,
  end_date         date,
  end_precision    public.date_precision,
  is_current       boolean,                              -- null: the payload does not tell
  has_left         boolean,                              -- no current position at this company; null: not known
  customer_id      bigint,                               -- of client_customers; the refresh clears one that is gone
  customer_match   public.company_match,
  step_index       smallint,                             -- the result it was read from
  attempt          smallint,
  parser_version   integer not null,
  revision         integer not null default 1,           -- counts changes of what was understood
  doubts           jsonb,                                -- field -> what could not be read, or contradicts itself
  primary key (batch_item_id, position_no),
  check ((start_date is null) = (start_precision is null)),
  check ((end_date is null) = (end_precision is null)),
  check ((customer_id is null) = (customer_match is null))
) with (fillfactor = 90);
create index person_work_history_domain_idx on public.person_work_history
  (company_domain, client_id, batch_item_id) where company_domain is not null;
create index person_work_history_key_idx on public.person_work_history
  (company_key, client_id, batch_item_id) where company_key is not null;
create index person_work_history_customer_idx on public.person_work_history (customer_id, batch_item_id)
  where customer_id is not null;
create index person_work_history_title_idx on public.person_work_history
  using gin (to_tsvector('simple'::regconfig, coalesce(title, '')));

-- Every company name of a client's work histories once: misspelt names are looked up here, in thousands of names,
-- not in millions of positions.
create table public.history_companies (
  client_id   bigint not null references public.clients,
  company_key text not null,
  name        text not null,
  primary key (client_id, company_key)
);
create index history_companies_trgm_idx on public.history_companies using gin (company_key extensions.gin_trgm_ops);

-- One replay of the extraction over one batch.
create table public.extraction_runs (
  id                bigint generated always as identity primary key,
  uid               uuid not null unique default gen_random_uuid(),
  batch_id          bigint not null references public.batches on delete cascade,
  parser_version    integer not null,
  state             public.run_state not null default 'RUNNING',
  through_row       integer not null default 0,
  total             integer not null,
  done              integer not null default 0,
  leads_new         integer not null default 0,
  leads_changed     integer not null default 0,
  positions_new     integer not null default 0,
  positions_changed integer not null default 0,
  positions_removed integer not null default 0,
  with_doubts       integer not null default 0,
  error             text,
  lease_until       timestamptz,
  requested_by      text not null,
  started_at        timestamptz not null,
  finished_at       timestamptz
);
create index extraction_runs_batch_idx on public.extraction_runs (batch_id, id desc);
create unique index extraction_runs_running_key on public.extraction_runs (batch_id) where state = 'RUNNING';

create table public.saved_views (
  id         bigint generated always as identity primary key,
  uid        uuid not null unique default gen_random_uuid(),
  client_id  bigint references public.clients,           -- null: of the pages across all clients
  page       text not null check (page in ('leads', 'people')),
  name       text not null check (length(btrim(name)) between 1 and 100),
  query      jsonb not null check (jsonb_typeof(query) = 'object'),
  created_by text not null,
  created_at timestamptz not null default now()
);
create unique index saved_views_name_key on public.saved_views (coalesce(client_id, 0), page, lower(name));
create index saved_views_client_idx on public.saved_views (client_id) where client_id is not null;

-- A link that lets a client look at its leads without an account. The token in the address is signed; this row says
-- whether it still counts.
create table public.share_links (
  id           bigint generated always as identity primary key,
  uid          uuid not null unique default gen_random_uuid(),
  client_id    bigint not null references public.clients,
  label        text not null default '',
  filters      jsonb not null default '{}' check (jsonb_typeof(filters) = 'object'),
  expires_at   timestamptz not null,
  revoked_at   timestamptz,
  revoked_by   text,
  opened       integer not null default 0,
  last_opened  timestamptz,
  created_by   text not null,
  created_at   timestamptz not null default now()
);
create index share_links_client_idx on public.share_links (client_id, id desc);

do $$
declare
  v_table text;
begin
  foreach v_table in array array['final_leads', 'client_customers', 'customer_lists', 'customer_refreshes',
                                 'person_work_history', 'history_companies', 'extraction_runs', 'saved_views',
                                 'share_links'] loop
    execute pg_catalog.format('alter table public.%I enable row level security', v_table);
  end loop;
end
$$;
