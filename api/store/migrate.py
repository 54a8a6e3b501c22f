"""Bring a database to the newest schema."""

from sqlalchemy import Engine, inspect

from api.store import spatial
from api.store.schema import Base


def upgrade(engine: Engine) -> None:
    """Make what is missing."""
    with engine.begin() as connection:
        if not inspect(connection).has_table("map_state"):
            Base.metadata.create_all(connection)
            spatial.create(connection)
