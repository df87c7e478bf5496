"""A PostgreSQL of our own, made to look like a new Supabase project."""
