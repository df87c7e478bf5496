"""What pages show: templates, formats, charts, files that a browser saves."""
