"""Every table, with the uniqueness that the rules demand written as constraints, so that no code path can
skip it.

Times are Unix milliseconds, hashes and keys are bytes. `migrations/` is the history of this module; a test
fails when the two differ.
"""

from __future__ import annotations

from sqlalchemy import (
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


tenants = Table(
    "tenants",
    metadata,
    Column("id", String(63), primary_key=True),
    Column("deployment", String(63), nullable=False),
    Column("name", String(200), nullable=False),
    Column("short", String(40), nullable=False),
    Column("colour", String(7), nullable=False),
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
)

meetings = Table(
    "meetings",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("room", String(32), ForeignKey("rooms.id"), nullable=False),
    Column("serial", Integer, nullable=False),
    Column("label", LargeBinary(32), nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("ended", BigInteger),
    Column("awaited", BigInteger),
    UniqueConstraint("room", "serial", name="uq_meetings_room_serial"),
)
_only_where("uq_meetings_live", "ended IS NULL", meetings.c.room)

join_tokens = Table(
    "join_tokens",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("room", String(32), ForeignKey("rooms.id"), nullable=False),
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
    Column("epoch", BigInteger, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("group_info", LargeBinary, nullable=False),
    Column("tree", LargeBinary, nullable=False),
)

receipts = Table(
    "receipts",
    metadata,
    Column("group_id", LargeBinary(64), primary_key=True),
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
