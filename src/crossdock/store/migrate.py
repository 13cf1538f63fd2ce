"""Alembic's part of the store: loaded by `database.migrate` alone, and only where there is something to migrate.

Rule: nothing imports this module at its top. Alembic and SQLAlchemy take longer to load (0.8 s) than most commands take to run.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool


def upgrade(owner_url: str, app_role: str) -> None:
    """Bring the schema to the newest version, as its owner, and let the application's role use it."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(owner_url), poolclass=pool.NullPool)
    with engine.connect() as connection:
        config = _alembic()
        config.attributes["connection"] = connection
        config.attributes["app_role"] = app_role
        command.upgrade(config, "head")
        connection.commit()
    engine.dispose()


def head() -> str | None:
    """The newest version as Alembic finds it; `database.newest_version` says the same without loading it."""
    return ScriptDirectory.from_config(_alembic()).get_current_head()


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
