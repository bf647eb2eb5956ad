"""Every row carries its tenant, and rooms their rules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


_ROOM = "SELECT r.tenant FROM rooms r WHERE r.id = {0}.room"
_MEETING = "SELECT r.tenant FROM meetings m JOIN rooms r ON r.id = m.room WHERE m.id = {0}.meeting"
_GROUP = (
    "SELECT r.tenant FROM groups g JOIN meetings m ON m.id = g.meeting JOIN rooms r ON r.id = m.room "
    "WHERE g.id = {0}.group_id"
)
_LABEL = (
    "SELECT coalesce((SELECT r.tenant FROM meetings m JOIN rooms r ON r.id = m.room "
    "WHERE m.label = log_leaves.label), '')"
)
ROOM_OF = {
    "meetings": _ROOM.format("meetings"),
    "join_tokens": _ROOM.format("join_tokens"),
    "participants": _MEETING.format("participants"),
    "groups": _MEETING.format("groups"),
    "entries": _GROUP.format("entries"),
    "commits": _GROUP.format("commits"),
    "public_states": _GROUP.format("public_states"),
    "receipts": _GROUP.format("receipts"),
    "log_leaves": _LABEL,
}
"""How each old row finds the tenant of its room."""
COLUMN = {"join_tokens": "room_tenant", "participants": "room_tenant"}
"""Where `tenant` is the person's already."""


def upgrade() -> None:
    """Forward."""
    with op.batch_alter_table("commits", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tenant", sa.String(length=63), server_default="", nullable=False))
    with op.batch_alter_table("entries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tenant", sa.String(length=63), server_default="", nullable=False))
    with op.batch_alter_table("groups", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tenant", sa.String(length=63), server_default="", nullable=False))
    with op.batch_alter_table("join_tokens", schema=None) as batch_op:
        batch_op.add_column(sa.Column("room_tenant", sa.String(length=63), server_default="", nullable=False))
        batch_op.add_column(sa.Column("admitted", sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table("log_leaves", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tenant", sa.String(length=63), server_default="", nullable=False))
    with op.batch_alter_table("meetings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tenant", sa.String(length=63), server_default="", nullable=False))
        batch_op.add_column(sa.Column("locked", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(
            sa.Column("guests_knock", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    with op.batch_alter_table("participants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("room_tenant", sa.String(length=63), server_default="", nullable=False))
        batch_op.add_column(
            sa.Column("room_role", sa.String(length=16), server_default="member", nullable=False)
        )
    with op.batch_alter_table("public_states", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tenant", sa.String(length=63), server_default="", nullable=False))
    with op.batch_alter_table("receipts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tenant", sa.String(length=63), server_default="", nullable=False))
    with op.batch_alter_table("rooms", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("access", sa.String(length=16), server_default="public", nullable=False)
        )
        batch_op.add_column(
            sa.Column("share", sa.String(length=16), server_default="everyone", nullable=False)
        )
        batch_op.add_column(
            sa.Column("chat", sa.String(length=16), server_default="everyone", nullable=False)
        )
        batch_op.add_column(
            sa.Column("unmute", sa.String(length=16), server_default="everyone", nullable=False)
        )
        batch_op.add_column(sa.Column("audience", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("pin", sa.LargeBinary(length=64), nullable=True))
        batch_op.add_column(sa.Column("guests_until", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("closed", sa.BigInteger(), nullable=True))
        batch_op.create_index("ix_rooms_tenant_created", ["tenant", "created", "id"], unique=False)
    with op.batch_alter_table("tenants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("names", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(
            sa.Column("languages", sa.JSON(), server_default='["fr", "de", "nl", "en"]', nullable=False)
        )
        batch_op.add_column(sa.Column("policy", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("quota", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("retention_days", sa.Integer(), server_default="365", nullable=False))
        batch_op.add_column(sa.Column("logo", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("suspended", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("created", sa.BigInteger(), server_default="0", nullable=False))
    for table, path in ROOM_OF.items():
        op.execute(sa.text(f"UPDATE {table} SET {COLUMN.get(table, 'tenant')} = ({path})"))  # noqa: S608 -- constants


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("tenants", schema=None) as batch_op:
        batch_op.drop_column("created")
        batch_op.drop_column("suspended")
        batch_op.drop_column("logo")
        batch_op.drop_column("retention_days")
        batch_op.drop_column("quota")
        batch_op.drop_column("policy")
        batch_op.drop_column("languages")
        batch_op.drop_column("names")
    with op.batch_alter_table("rooms", schema=None) as batch_op:
        batch_op.drop_index("ix_rooms_tenant_created")
        batch_op.drop_column("closed")
        batch_op.drop_column("guests_until")
        batch_op.drop_column("pin")
        batch_op.drop_column("audience")
        batch_op.drop_column("unmute")
        batch_op.drop_column("chat")
        batch_op.drop_column("share")
        batch_op.drop_column("access")
    with op.batch_alter_table("receipts", schema=None) as batch_op:
        batch_op.drop_column("tenant")
    with op.batch_alter_table("public_states", schema=None) as batch_op:
        batch_op.drop_column("tenant")
    with op.batch_alter_table("participants", schema=None) as batch_op:
        batch_op.drop_column("room_role")
        batch_op.drop_column("room_tenant")
    with op.batch_alter_table("meetings", schema=None) as batch_op:
        batch_op.drop_column("guests_knock")
        batch_op.drop_column("locked")
        batch_op.drop_column("tenant")
    with op.batch_alter_table("log_leaves", schema=None) as batch_op:
        batch_op.drop_column("tenant")
    with op.batch_alter_table("join_tokens", schema=None) as batch_op:
        batch_op.drop_column("admitted")
        batch_op.drop_column("room_tenant")
    with op.batch_alter_table("groups", schema=None) as batch_op:
        batch_op.drop_column("tenant")
    with op.batch_alter_table("entries", schema=None) as batch_op:
        batch_op.drop_column("tenant")
    with op.batch_alter_table("commits", schema=None) as batch_op:
        batch_op.drop_column("tenant")
