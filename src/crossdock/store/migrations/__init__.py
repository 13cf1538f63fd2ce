"""Alembic migrations: SQL inside, never edited after they landed."""
