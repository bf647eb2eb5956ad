"""Each ministry its own house: providers, accounts, sessions, members, certificates, tokens, audit events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "audit_events",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("object_kind", sa.String(length=32), nullable=False),
        sa.Column("object", sa.String(length=255), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.create_index("ix_audit_events_tenant", ["tenant", "id"], unique=False)
    op.create_table(
        "certificates",
        sa.Column("fingerprint", sa.LargeBinary(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("meeting", sa.String(length=32), nullable=True),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("revoked", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_certificates")),
    )
    with op.batch_alter_table("certificates", schema=None) as batch_op:
        batch_op.create_index("ix_certificates_issued", ["tenant", "issued", "fingerprint"], unique=False)
        batch_op.create_index("ix_certificates_person", ["tenant", "subject", "issued"], unique=False)
    op.create_table(
        "pending_logins",
        sa.Column("state", sa.LargeBinary(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("verifier", sa.String(length=128), nullable=False),
        sa.Column("browser", sa.LargeBinary(length=32), nullable=False),
        sa.Column("return_to", sa.String(length=255), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_pending_logins")),
    )
    with op.batch_alter_table("pending_logins", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pending_logins_expires"), ["expires"], unique=False)
    op.create_table(
        "accounts",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("provider_subject", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("assurance", sa.String(length=16), nullable=False),
        sa.Column("rights", sa.JSON(), nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_accounts_tenant_tenants")),
        sa.PrimaryKeyConstraint("tenant", "subject", name=op.f("pk_accounts")),
        sa.UniqueConstraint("tenant", "issuer", "provider_subject", name="uq_accounts_provider_subject"),
    )
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.create_index("ix_accounts_tenant_created", ["tenant", "created", "subject"], unique=False)
        batch_op.create_index("ix_accounts_tenant_email", ["tenant", "email"], unique=False)
    op.create_table(
        "providers",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("secret", sa.String(length=64), nullable=True),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("acr_values", sa.JSON(), nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.Column("user_info", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_providers_tenant_tenants")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_providers")),
    )
    with op.batch_alter_table("providers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_providers_tenant"), ["tenant"], unique=False)
    op.create_table(
        "service_tokens",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.Column("revoked", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_service_tokens_tenant_tenants")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_service_tokens_hash")),
    )
    with op.batch_alter_table("service_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_service_tokens_tenant"), ["tenant"], unique=False)
    op.create_table(
        "account_sessions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("previous", sa.LargeBinary(length=32), nullable=True),
        sa.Column("previous_until", sa.BigInteger(), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("sid", sa.String(length=255), nullable=True),
        sa.Column("acr", sa.String(length=255), nullable=True),
        sa.Column("assurance", sa.String(length=16), nullable=False),
        sa.Column("authenticated", sa.BigInteger(), nullable=False),
        sa.Column("rotated", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "subject"],
            ["accounts.tenant", "accounts.subject"],
            name=op.f("fk_account_sessions_tenant_accounts"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_sessions")),
        sa.UniqueConstraint("hash", name=op.f("uq_account_sessions_hash")),
        sa.UniqueConstraint("previous", name=op.f("uq_account_sessions_previous")),
    )
    with op.batch_alter_table("account_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_sessions_expires"), ["expires"], unique=False)
        batch_op.create_index("ix_account_sessions_person", ["tenant", "subject"], unique=False)
        batch_op.create_index("ix_account_sessions_provider_sid", ["provider", "sid"], unique=False)
    op.create_table(
        "provider_domains",
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider"], ["providers.id"], name=op.f("fk_provider_domains_provider_providers")
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_provider_domains_tenant_tenants")),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_provider_domains")),
    )
    with op.batch_alter_table("provider_domains", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_provider_domains_provider"), ["provider"], unique=False)
    op.create_table(
        "room_members",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("room", sa.String(length=32), nullable=False),
        sa.Column("who", sa.String(length=330), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["room"], ["rooms.id"], name=op.f("fk_room_members_room_rooms")),
        sa.PrimaryKeyConstraint("room", "who", name=op.f("pk_room_members")),
    )
    with op.batch_alter_table("room_members", schema=None) as batch_op:
        batch_op.create_index("ix_room_members_who", ["who"], unique=False)
    op.create_table(
        "exclusions",
        sa.Column("tenant", sa.String(length=63), server_default="", nullable=False),
        sa.Column("meeting", sa.String(length=32), nullable=False),
        sa.Column("uri", sa.String(length=255), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["meeting"], ["meetings.id"], name=op.f("fk_exclusions_meeting_meetings")),
        sa.PrimaryKeyConstraint("meeting", "uri", name=op.f("pk_exclusions")),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("exclusions")
    with op.batch_alter_table("room_members", schema=None) as batch_op:
        batch_op.drop_index("ix_room_members_who")
    op.drop_table("room_members")
    with op.batch_alter_table("provider_domains", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_provider_domains_provider"))
    op.drop_table("provider_domains")
    with op.batch_alter_table("account_sessions", schema=None) as batch_op:
        batch_op.drop_index("ix_account_sessions_provider_sid")
        batch_op.drop_index("ix_account_sessions_person")
        batch_op.drop_index(batch_op.f("ix_account_sessions_expires"))
    op.drop_table("account_sessions")
    with op.batch_alter_table("service_tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_service_tokens_tenant"))
    op.drop_table("service_tokens")
    with op.batch_alter_table("providers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_providers_tenant"))
    op.drop_table("providers")
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.drop_index("ix_accounts_tenant_email")
        batch_op.drop_index("ix_accounts_tenant_created")
    op.drop_table("accounts")
    with op.batch_alter_table("pending_logins", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pending_logins_expires"))
    op.drop_table("pending_logins")
    with op.batch_alter_table("certificates", schema=None) as batch_op:
        batch_op.drop_index("ix_certificates_person")
        batch_op.drop_index("ix_certificates_issued")
    op.drop_table("certificates")
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_events_tenant")
    op.drop_table("audit_events")
