"""What is set up before a batch runs: clients, their pipelines and configurations, and who may sign in."""
