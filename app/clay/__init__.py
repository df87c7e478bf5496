"""The way out to a client's Clay table, and what its answers mean."""
