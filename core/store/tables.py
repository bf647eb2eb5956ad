"""Every table, with the uniqueness that the rules demand written as constraints, so that no code path can
skip it.

Times are Unix milliseconds, hashes and keys are bytes. `migrations/` is the history of this module; a test
fails when the two differ.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _only_where(name: str, condition: str, *columns: Column[object]) -> Index:
    """A unique index over the rows that meet `condition`; SQLite and PostgreSQL both have them."""
    return Index(name, *columns, unique=True, sqlite_where=text(condition), postgresql_where=text(condition))


def _person() -> list[Column[object]]:
    return [
        Column("deployment", String(63), nullable=False),
        Column("tenant", String(63), nullable=False),
        Column("subject", String(64), nullable=False),
        Column("name", String(200), nullable=False),
        Column("name_checked", Boolean, nullable=False),
        Column("role", String(16), nullable=False),
        Column("assurance", String(16), nullable=False),
    ]


def _own() -> Column[object]:
    """The tenant a row belongs to. Empty for what is the deployment's own."""
    return Column("tenant", String(63), nullable=False, server_default="")


tenants = Table(
    "tenants",
    metadata,
    Column("id", String(63), primary_key=True),
    Column("deployment", String(63), nullable=False),
    Column("name", String(200), nullable=False),
    Column("short", String(40), nullable=False),
    Column("colour", String(7), nullable=False),
    Column("names", JSON, nullable=False, server_default="{}"),
    Column("languages", JSON, nullable=False, server_default='["fr", "de", "nl", "en"]'),
    Column("policy", JSON, nullable=False, server_default="{}"),
    Column("quota", JSON, nullable=False, server_default="{}"),
    Column("retention_days", Integer, nullable=False, server_default="365"),
    Column("logo", LargeBinary),
    Column("suspended", Boolean, nullable=False, server_default=false()),
    Column("created", BigInteger, nullable=False, server_default="0"),
)

rooms = Table(
    "rooms",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("slug", String(64), nullable=False, unique=True),
    Column("title", String(200), nullable=False),
    Column("tenant", String(63), ForeignKey("tenants.id"), nullable=False),
    Column("owner", String(255), nullable=False, index=True),
    Column("guests", Boolean, nullable=False),
    Column("secret", LargeBinary(32), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("access", String(16), nullable=False, server_default="public"),
    Column("share", String(16), nullable=False, server_default="everyone"),
    Column("chat", String(16), nullable=False, server_default="everyone"),
    Column("unmute", String(16), nullable=False, server_default="everyone"),
    Column("audience", Boolean, nullable=False, server_default=false()),
    Column("pin", LargeBinary(64)),
    Column("guests_until", BigInteger),
    Column("closed", BigInteger),
    Index("ix_rooms_tenant_created", "tenant", "created", "id"),
)

room_members = Table(
    "room_members",
    metadata,
    Column("tenant", String(63), nullable=False),
    Column("room", String(32), ForeignKey("rooms.id"), primary_key=True),
    Column("who", String(330), primary_key=True),
    Column("role", String(16), nullable=False),
    Index("ix_room_members_who", "who"),
)

meetings = Table(
    "meetings",
    metadata,
    Column("id", String(32), primary_key=True),
    _own(),
    Column("room", String(32), ForeignKey("rooms.id"), nullable=False),
    Column("serial", Integer, nullable=False),
    Column("label", LargeBinary(32), nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("ended", BigInteger),
    Column("awaited", BigInteger),
    Column("locked", Boolean, nullable=False, server_default=false()),
    Column("guests_knock", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("room", "serial", name="uq_meetings_room_serial"),
)
_only_where("uq_meetings_live", "ended IS NULL", meetings.c.room)

exclusions = Table(
    "exclusions",
    metadata,
    _own(),
    Column("meeting", String(32), ForeignKey("meetings.id"), primary_key=True),
    Column("uri", String(255), primary_key=True),
    Column("time", BigInteger, nullable=False),
)

join_tokens = Table(
    "join_tokens",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("room_tenant", String(63), nullable=False, server_default=""),
    Column("room", String(32), ForeignKey("rooms.id"), nullable=False),
    Column("admitted", Boolean, nullable=False, server_default=false()),
    *_person(),
    Column("expires", BigInteger, nullable=False, index=True),
    Column("used", BigInteger),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    *_person(),
    Column("expires", BigInteger, nullable=False, index=True),
)

participants = Table(
    "participants",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("room_tenant", String(63), nullable=False, server_default=""),
    Column("room_role", String(16), nullable=False, server_default="member"),
    Column("meeting", String(32), ForeignKey("meetings.id"), nullable=False, index=True),
    *_person(),
    Column("joined", BigInteger, nullable=False),
    Column("left", BigInteger),
    Column("leaf_key", LargeBinary(32), unique=True),
)

groups = Table(
    "groups",
    metadata,
    Column("id", LargeBinary(64), primary_key=True),
    _own(),
    Column("meeting", String(32), ForeignKey("meetings.id"), nullable=False, index=True),
    Column("term", Integer, nullable=False),
    Column("suite", Integer, nullable=False),
    Column("params", LargeBinary, nullable=False),
    Column("prior", LargeBinary(64)),
    Column("created", BigInteger, nullable=False),
)

entries = Table(
    "entries",
    metadata,
    Column("group_id", LargeBinary(64), ForeignKey("groups.id"), primary_key=True),
    _own(),
    Column("seq", Integer, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("prev_hash", LargeBinary(32), nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("time", BigInteger, nullable=False),
)
# K4.2: an attempt is proposed once and has one outcome; K4.7: one reached per (group, epoch).
_attempt = (entries.c.group_id, entries.c.epoch, entries.c.attempt)
_only_where("uq_entries_proposed", "state = 'proposed'", *_attempt)
_only_where("uq_entries_outcome", "state <> 'proposed'", *_attempt)
_only_where("uq_entries_reached", "state = 'reached'", entries.c.group_id, entries.c.epoch)

commits = Table(
    "commits",
    metadata,
    Column("group_id", LargeBinary(64), ForeignKey("groups.id"), primary_key=True),
    _own(),
    Column("epoch", BigInteger, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("committer", Integer, nullable=False),
    Column("proposals", LargeBinary, nullable=False),
    Column("commit", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("welcome", LargeBinary),
)

public_states = Table(
    "public_states",
    metadata,
    Column("group_id", LargeBinary(64), ForeignKey("groups.id"), primary_key=True),
    _own(),
    Column("epoch", BigInteger, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("group_info", LargeBinary, nullable=False),
    Column("tree", LargeBinary, nullable=False),
)

receipts = Table(
    "receipts",
    metadata,
    Column("group_id", LargeBinary(64), primary_key=True),
    _own(),
    Column("epoch", BigInteger, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("leaf", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    ForeignKeyConstraint(["group_id"], ["groups.id"]),
)

log_leaves = Table(
    "log_leaves",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    _own(),
    Column("label", LargeBinary(32), index=True),
    Column("kind", String(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("salt", LargeBinary(32), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("time", BigInteger, nullable=False),
)

revocations = Table(
    "revocations",
    metadata,
    Column("fingerprint", LargeBinary(32), primary_key=True),
    Column("tenant", String(63), nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("time", BigInteger, nullable=False, index=True),
)

providers = Table(
    "providers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(63), ForeignKey("tenants.id"), nullable=False, index=True),
    Column("name", String(120), nullable=False),
    Column("issuer", String(255), nullable=False),
    Column("client_id", String(255), nullable=False),
    Column("secret", String(64)),
    Column("scopes", JSON, nullable=False),
    Column("acr_values", JSON, nullable=False),
    Column("claims", JSON, nullable=False),
    Column("user_info", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created", BigInteger, nullable=False),
)

provider_domains = Table(
    "provider_domains",
    metadata,
    Column("domain", String(253), primary_key=True),
    Column("tenant", String(63), ForeignKey("tenants.id"), nullable=False),
    Column("provider", String(32), ForeignKey("providers.id"), nullable=False, index=True),
)

accounts = Table(
    "accounts",
    metadata,
    Column("tenant", String(63), ForeignKey("tenants.id"), primary_key=True),
    Column("subject", String(64), primary_key=True),
    Column("issuer", String(255), nullable=False),
    Column("provider_subject", String(255), nullable=False),
    Column("name", String(200), nullable=False),
    Column("email", String(320), nullable=False),
    Column("assurance", String(16), nullable=False),
    Column("rights", JSON, nullable=False),
    Column("blocked", Boolean, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    UniqueConstraint("tenant", "issuer", "provider_subject", name="uq_accounts_provider_subject"),
    Index("ix_accounts_tenant_email", "tenant", "email"),
    Index("ix_accounts_tenant_created", "tenant", "created", "subject"),
)

pending_logins = Table(
    "pending_logins",
    metadata,
    Column("state", LargeBinary(32), primary_key=True),
    Column("tenant", String(63), nullable=False),
    Column("provider", String(32), nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("verifier", String(128), nullable=False),
    Column("browser", LargeBinary(32), nullable=False),
    Column("return_to", String(255), nullable=False),
    Column("expires", BigInteger, nullable=False, index=True),
)

account_sessions = Table(
    "account_sessions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("previous", LargeBinary(32), unique=True),
    Column("previous_until", BigInteger, nullable=False),
    Column("tenant", String(63), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("provider", String(32), nullable=False),
    Column("sid", String(255)),
    Column("acr", String(255)),
    Column("assurance", String(16), nullable=False),
    Column("authenticated", BigInteger, nullable=False),
    Column("rotated", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False, index=True),
    ForeignKeyConstraint(["tenant", "subject"], ["accounts.tenant", "accounts.subject"]),
    Index("ix_account_sessions_provider_sid", "provider", "sid"),
    Index("ix_account_sessions_person", "tenant", "subject"),
)

service_tokens = Table(
    "service_tokens",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(63), ForeignKey("tenants.id"), nullable=False, index=True),
    Column("name", String(120), nullable=False),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("used", BigInteger),
    Column("revoked", BigInteger),
)

certificates = Table(
    "certificates",
    metadata,
    Column("fingerprint", LargeBinary(32), primary_key=True),
    Column("tenant", String(63), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("meeting", String(32)),
    Column("issued", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("revoked", BigInteger),
    Index("ix_certificates_person", "tenant", "subject", "issued"),
    Index("ix_certificates_issued", "tenant", "issued", "fingerprint"),
)

# Append-only: the migrations add triggers that refuse to change a row, or to delete one within the tenant's
# retention.
audit_events = Table(
    "audit_events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("tenant", String(63), nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("actor_kind", String(16), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("action", String(64), nullable=False),
    Column("object_kind", String(32), nullable=False),
    Column("object", String(255), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("address", String(64), nullable=False),
    Column("detail", JSON, nullable=False),
    Index("ix_audit_events_tenant", "tenant", "id"),
)
