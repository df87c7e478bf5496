-- Why the refresh of a client's customer flags ended early, in the database's words; null: it did not.

alter table public.customer_refreshes add column error text;
