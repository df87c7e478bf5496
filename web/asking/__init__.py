"""What comes from a browser: forms, filters, pages of a list, and how much of it is read."""
