"""Alembic's way in: `api.store.migrate` gives it a connection that is in a transaction."""

from alembic import context

from api.store.migrate import is_ours
from api.store.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_name=is_ours,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
