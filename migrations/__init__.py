"""The database's tables and functions, and the runner that applies them."""
