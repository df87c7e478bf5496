"""The web application: the operators' pages and the receivers of callbacks, on FastAPI."""
