"""Configured connectors: what is due, pulled, received, stored, rejected. Hands points to ingest."""
