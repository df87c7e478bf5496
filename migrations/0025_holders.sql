-- Who has a chunk: the engine that gave it out, then the worker that claimed it. A process on a developer's machine that
-- is gone can so be told from workers that live elsewhere. Null: nobody can say, and the lease runs out by itself.

alter table public.dispatch_chunks add column holder uuid;
