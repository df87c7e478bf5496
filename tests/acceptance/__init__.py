"""From CSV to finished leads, with real processes."""
