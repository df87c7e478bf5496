"""The embedded stack: stand-ins for Supabase and Clay, for development and tests only."""
