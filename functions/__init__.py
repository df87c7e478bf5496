"""How Leadloom runs: as one Modal app in the cloud, and as the same functions on a developer's machine."""
