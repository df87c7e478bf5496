-- A batch that is deleted takes its chunks along; without an index that reads all of them.
create index dispatch_chunks_batch_idx on public.dispatch_chunks (batch_id);
