"""The database behind `core.ports.Store`: tables, migrations and queries in SQLAlchemy Core.

Nothing above this package knows which database runs. SQLite in WAL mode serves one node; the same tables,
partial indexes and queries are written for PostgreSQL. What K4.2 wants stored before it is announced is
durable on return.
"""

from core.store.scope import DEPLOYMENT, Scope, limited_to
from core.store.store import SqlStore, open_store

__all__ = ["DEPLOYMENT", "Scope", "SqlStore", "limited_to", "open_store"]
