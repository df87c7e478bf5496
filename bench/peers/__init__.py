"""Other task queues on Postgres, doing the five trivial steps: each in an environment of its own, none in the lock."""
