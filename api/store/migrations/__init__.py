"""The database's schema, step by step, by Alembic: `api.store.migrate` takes the steps."""
