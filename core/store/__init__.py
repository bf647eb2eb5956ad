"""The database behind `core.ports.Store`: tables, migrations and queries in SQLAlchemy Core.

Nothing above this package knows which database runs. SQLite in WAL mode serves one node; the same tables,
partial indexes and queries are written for PostgreSQL. What K4.2 wants stored before it is announced is
durable on return.
"""

from core.store.scope import DEPLOYMENT
from core.store.store import SqlStore, open_store

__all__ = ["DEPLOYMENT", "SqlStore", "open_store"]
