"""Copies the journal, builds and checks a run through dbt, publishes it, and reads the one in service."""
