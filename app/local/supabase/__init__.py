"""Supabase's HTTP API and its Auth, as far as Leadloom uses them."""
