"""The `leadloom` command: the same functions as on Modal, on this machine."""
