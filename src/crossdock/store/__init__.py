"""What Crossdock remembers: PostgreSQL through psycopg, each statement in the function that uses it.

The store knows no flow and no port.
"""
