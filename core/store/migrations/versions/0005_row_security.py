"""Row-level security behind our own filter (PostgreSQL), and audit events that nobody changes (both)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WHOSE = {
    "tenants": "id",
    "rooms": "tenant",
    "room_members": "tenant",
    "meetings": "tenant",
    "exclusions": "tenant",
    "join_tokens": "room_tenant",
    "sessions": "tenant",
    "participants": "room_tenant",
    "groups": "tenant",
    "entries": "tenant",
    "commits": "tenant",
    "public_states": "tenant",
    "receipts": "tenant",
    "log_leaves": "tenant",
    "revocations": "tenant",
    "providers": "tenant",
    "provider_domains": "tenant",
    "accounts": "tenant",
    "pending_logins": "tenant",
    "account_sessions": "tenant",
    "service_tokens": "tenant",
    "certificates": "tenant",
    "audit_events": "tenant",
}
"""The column that says whose a row is, of every table there is."""

# Sub-selects are evaluated once for a query, not once for a row.
SEEN = (
    "(SELECT current_setting('entente.tenants', true)) = '*' OR {0} = ANY "
    "((SELECT string_to_array(current_setting('entente.tenants', true), ','))::text[])"
)
KEPT_MS = "coalesce((SELECT retention_days FROM tenants WHERE id = OLD.tenant), 365) * 86400000{0}"


def upgrade() -> None:
    """Forward."""
    # Revocations were logged without their tenant until now.
    op.execute(
        sa.text(
            "UPDATE log_leaves SET tenant = "
            "coalesce((SELECT r.tenant FROM revocations r WHERE r.data = log_leaves.content), '') "
            "WHERE kind = 'revocation'"
        )
    )
    if op.get_bind().dialect.name == "postgresql":
        _row_security()
        _audit_on_postgresql()
    else:
        _audit_on_sqlite()


def _row_security() -> None:
    for table, column in WHOSE.items():
        seen = SEEN.format(column)
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_tenants ON {table} USING ({seen}) WITH CHECK ({seen})")
    # What is void is void in every meeting, so everybody reads it (K2.4).
    op.execute("CREATE POLICY everybody_reads ON revocations FOR SELECT USING (true)")


def _audit_on_postgresql() -> None:
    # As its owner, because the caller may not see the tenant's retention.
    op.execute(
        "CREATE FUNCTION audit_events_stay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
        "SET search_path = pg_catalog, public, pg_temp AS $$ BEGIN "
        "IF TG_OP = 'DELETE' THEN "
        "IF OLD.time <= (extract(epoch FROM clock_timestamp()) * 1000)::bigint - "
        f"{KEPT_MS.format('::bigint')} THEN RETURN OLD; END IF; END IF; "
        "RAISE EXCEPTION 'audit events stay as they are' USING ERRCODE = 'integrity_constraint_violation'; "
        "END $$"
    )
    op.execute("REVOKE ALL ON FUNCTION audit_events_stay() FROM PUBLIC")
    for when in ("UPDATE OR DELETE ON audit_events FOR EACH ROW", "TRUNCATE ON audit_events"):
        name = "audit_events_stay" if "ROW" in when else "audit_events_stay_whole"
        op.execute(f"CREATE TRIGGER {name} BEFORE {when} EXECUTE FUNCTION audit_events_stay()")


def _audit_on_sqlite() -> None:
    stop = "BEGIN SELECT RAISE(ABORT, 'audit events stay as they are'); END"
    op.execute(f"CREATE TRIGGER audit_events_unchanged BEFORE UPDATE ON audit_events {stop}")
    op.execute(
        "CREATE TRIGGER audit_events_kept BEFORE DELETE ON audit_events "
        f"WHEN OLD.time > CAST(strftime('%s', 'now') AS INTEGER) * 1000 - {KEPT_MS.format('')} {stop}"
    )


def downgrade() -> None:
    """Back."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_events_stay ON audit_events")
        op.execute("DROP TRIGGER audit_events_stay_whole ON audit_events")
        op.execute("DROP FUNCTION audit_events_stay()")
        op.execute("DROP POLICY everybody_reads ON revocations")
        for table in WHOSE:
            op.execute(f"DROP POLICY own_tenants ON {table}")
            op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    else:
        op.execute("DROP TRIGGER audit_events_unchanged")
        op.execute("DROP TRIGGER audit_events_kept")
