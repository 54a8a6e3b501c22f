"""Bring a database to the newest schema."""

from sqlalchemy import Engine

from api.store.schema import Base


def upgrade(engine: Engine) -> None:
    """Make what is missing."""
    Base.metadata.create_all(engine)
