"""Alembic's entry: one online migration on the connection that `migrate.upgrade` hands over."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
connection.execute(text("create schema if not exists crossdock"))
connection.execute(text("set search_path to crossdock"))
connection.commit()
context.configure(connection=connection, version_table_schema="crossdock", transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
