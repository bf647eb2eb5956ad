"""What the role a node works as may do in PostgreSQL: no more than its queries need, and nothing that would
let it look behind row-level security.

Two roles: the owner, who migrates, and the node's, who owns nothing. Row-level security does not bind an
owner, a superuser or a role with BYPASSRLS, so a node that works as one of these does not start.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from core.errors import StartError
from core.store.tables import metadata

_ADD, _CHANGE, _FORGET = "SELECT, INSERT", "SELECT, INSERT, UPDATE", "SELECT, INSERT, DELETE"
_ALL = "SELECT, INSERT, UPDATE, DELETE"

GRANTS = {
    "tenants": _CHANGE,
    "rooms": _ALL,
    "room_members": _ALL,
    "meetings": _ALL,
    "exclusions": _ALL,
    "join_tokens": _ALL,
    "sessions": _FORGET,
    "participants": _ALL,
    # UPDATE for the row lock that orders the writers of one chain; no column is ever changed.
    "groups": _ALL,
    "entries": _FORGET,
    "commits": _ALL,
    "public_states": _FORGET,
    "receipts": _FORGET,
    "log_leaves": _ADD,
    "revocations": _ADD,
    "providers": _ALL,
    "provider_domains": _ALL,
    "accounts": _ALL,
    "pending_logins": _ALL,
    "account_sessions": _ALL,
    "service_tokens": _ALL,
    "certificates": _CHANGE,
    # Never UPDATE; a trigger refuses DELETE within the tenant's retention.
    "audit_events": _FORGET,
    "alembic_version": "SELECT",
}
"""By table. A table that is missing here cannot be used at all."""

SEQUENCES = ("log_leaves_id_seq", "audit_events_id_seq")


def grant(connection: Connection, role: str) -> None:
    """As the owner: give the node's role exactly what is listed here."""
    quoted = connection.dialect.identifier_preparer.quote(role)
    connection.execute(text("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {quoted}"))
    for kind in ("TABLES", "SEQUENCES"):
        connection.execute(text(f"REVOKE ALL ON ALL {kind} IN SCHEMA public FROM PUBLIC, {quoted}"))
    for table, rights in GRANTS.items():
        connection.execute(text(f"GRANT {rights} ON {table} TO {quoted}"))
    for sequence in SEQUENCES:
        connection.execute(text(f"GRANT USAGE ON SEQUENCE {sequence} TO {quoted}"))


def check_role(connection: Connection) -> None:
    """As the node: StartError where row-level security would not bind it, or has no tables to bind."""
    unbound = connection.scalar(
        text(
            "SELECT rolsuper OR rolbypassrls OR EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n "
            "ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r' "
            "AND pg_has_role(current_user, c.relowner, 'MEMBER')) FROM pg_roles WHERE rolname = current_user"
        )
    )
    if unbound:
        raise StartError(
            "store.url names a role that row-level security does not bind: it owns tables or may bypass it. "
            "Name a role of its own there, and the owner in store.owner_url."
        )
    secured = connection.scalar(
        text("SELECT count(*) FROM pg_class WHERE relrowsecurity AND relname = ANY(:names)").bindparams(
            names=[table.name for table in metadata.sorted_tables]
        )
    )
    if secured != len(metadata.sorted_tables):
        raise StartError("The database of store.url lacks row-level security on some of its tables.")
