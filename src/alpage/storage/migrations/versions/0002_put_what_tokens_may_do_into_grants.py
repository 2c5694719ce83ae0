"""Put what tokens may do into grants."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes forward."""
    op.create_table(
        "requests",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("grant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("application_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("status", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ms", sa.Double(), nullable=False),
        sa.Column("cost", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_requests")),
        sa.UniqueConstraint("id", name=op.f("uq_requests_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_requests_user_id_requests_number"), ["user_id", "number"], unique=False)

    op.create_table(
        "attempts",
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("failures", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("failed_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("blocked_until", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_attempts")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "mails",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recipient", sa.String(length=255), nullable=False),
        sa.Column("template", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("next_try_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("tries", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sent_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("trouble", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("mails", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mails_next_try_at"), ["next_try_at"], unique=False)

    op.create_table(
        "signing_keys",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("alg", sa.String(length=8), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("signs_from", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("signs_until", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("published_until", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_keys")),
        sa.UniqueConstraint("kid", name=op.f("uq_signing_keys_kid")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tickets",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("consumed_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_tickets")),
    )
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tickets_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "applications",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("website", sa.String(), nullable=True),
        sa.Column("policy_url", sa.String(), nullable=True),
        sa.Column("terms_url", sa.String(), nullable=True),
        sa.Column("logo", sa.String(), nullable=True),
        sa.Column("is_confidential", sa.Boolean(), nullable=False),
        sa.Column("is_own", sa.Boolean(), nullable=False),
        sa.Column("token_endpoint_auth_method", sa.String(), nullable=False),
        sa.Column("grant_types", sa.JSON(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("redirect_uris", sa.JSON(), nullable=False),
        sa.Column("post_logout_redirect_uris", sa.JSON(), nullable=False),
        sa.Column("origins", sa.JSON(), nullable=False),
        sa.Column("backchannel_logout_uri", sa.String(), nullable=True),
        sa.Column("jwks", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("id_token_alg", sa.String(), nullable=False),
        sa.Column("userinfo_alg", sa.String(), nullable=True),
        sa.Column("requires_par", sa.Boolean(), nullable=False),
        sa.Column("requires_dpop", sa.Boolean(), nullable=False),
        sa.Column("resource", sa.String(), nullable=True),
        sa.Column("resource_tokens", sa.String(), nullable=False),
        sa.Column("registration_hash", sa.String(length=64), nullable=True),
        sa.Column("rate_limit", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revoked_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_applications_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
        sa.UniqueConstraint("client_id", name=op.f("uq_applications_client_id")),
        sa.UniqueConstraint("registration_hash", name=op.f("uq_applications_registration_hash")),
        sa.UniqueConstraint("resource", name=op.f("uq_applications_resource")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_applications_account_id"), "applications", ["account_id"])
    op.create_table(
        "authenticators",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_authenticators_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authenticators")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("authenticators", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_authenticators_user_id"), ["user_id"], unique=False)

    op.create_table(
        "passkeys",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("transports", sa.JSON(), nullable=False),
        sa.Column("is_backed_up", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_passkeys_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("passkeys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_passkeys_user_id"), ["user_id"], unique=False)

    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("used_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
        sa.UniqueConstraint("hash", name=op.f("uq_recovery_codes_hash")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("recovery_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recovery_codes_user_id"), ["user_id"], unique=False)

    op.create_table(
        "security_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("application_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("grant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ip", sa.String(length=45), nullable=False),
        sa.Column("user_agent", sa.String(length=255), nullable=False),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_security_events_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_events")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("security_events", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_security_events_user_id_security_events_id"), ["user_id", "id"], unique=False
        )

    op.create_table(
        "sessions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("authenticated_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("methods", sa.JSON(), nullable=False),
        sa.Column("ip", sa.String(length=45), nullable=False),
        sa.Column("user_agent", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("expires_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ended_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("hash", name=op.f("uq_sessions_hash")),
        sa.UniqueConstraint("public_id", name=op.f("uq_sessions_public_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "application_secrets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("application_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("last_four", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("expires_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("revoked_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_application_secrets_application_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_secrets")),
        sa.UniqueConstraint("hash", name=op.f("uq_application_secrets_hash")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("application_secrets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_application_secrets_application_id"), ["application_id"], unique=False)

    op.create_table(
        "authenticator_uses",
        sa.Column("authenticator_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("used_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("counter", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["authenticator_id"],
            ["authenticators.id"],
            name=op.f("fk_authenticator_uses_authenticator_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("authenticator_id", name=op.f("pk_authenticator_uses")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("application_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("maker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("grant_type", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("account_ids", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("product_ids", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("ip_ranges", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("not_before", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("expires_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("revoked_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("authenticated_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("methods", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["applications.id"], name=op.f("fk_grants_application_id")),
        sa.ForeignKeyConstraint(["maker_id"], ["grants.id"], name=op.f("fk_grants_maker_id")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_grants_session_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_grants_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_grants_application_id_grants_user_id"), ["application_id", "user_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_grants_maker_id"), ["maker_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_grants_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_grants_user_id"), ["user_id"], unique=False)

    op.create_table(
        "passkey_uses",
        sa.Column("passkey_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("used_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sign_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["passkey_id"], ["passkeys.id"], name=op.f("fk_passkey_uses_passkey_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("passkey_id", name=op.f("pk_passkey_uses")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "session_uses",
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("used_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_session_uses_session_id")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_session_uses")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "application_secret_uses",
        sa.Column("secret_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("used_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["secret_id"], ["application_secrets.id"], name=op.f("fk_application_secret_uses_secret_id")
        ),
        sa.PrimaryKeyConstraint("secret_id", name=op.f("pk_application_secret_uses")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "device_authorizations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("application_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("device_hash", sa.String(length=64), nullable=False),
        sa.Column("user_code_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("resources", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("ip", sa.String(length=45), nullable=False),
        sa.Column("interval_seconds", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("polled_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("grant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("refused_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("consumed_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("expires_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_device_authorizations_application_id")
        ),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_device_authorizations_grant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_authorizations")),
        sa.UniqueConstraint("device_hash", name=op.f("uq_device_authorizations_device_hash")),
        sa.UniqueConstraint("user_code_hash", name=op.f("uq_device_authorizations_user_code_hash")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "logout_notices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("application_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("session", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("next_try_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("tries", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("told_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("trouble", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["application_id"], ["applications.id"], name=op.f("fk_logout_notices_application_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_logout_notices_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logout_notices")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_logout_notices_next_try_at"), "logout_notices", ["next_try_at"])
    op.create_table(
        "grant_uses",
        sa.Column("grant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("used_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_grant_uses_grant_id")),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_grant_uses")),
        sqlite_autoincrement=True,
    )
    _move_tokens_into_grants()
    with op.batch_alter_table("changes", schema=None) as batch_op:
        batch_op.alter_column("token_id", new_column_name="grant_id")

    with op.batch_alter_table("dns_zone_versions", schema=None) as batch_op:
        batch_op.alter_column("token_id", new_column_name="grant_id")

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("blocked_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )


def downgrade() -> None:
    """Goes back."""
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_column("blocked_at")

    with op.batch_alter_table("dns_zone_versions", schema=None) as batch_op:
        batch_op.alter_column("grant_id", new_column_name="token_id")

    with op.batch_alter_table("changes", schema=None) as batch_op:
        batch_op.alter_column("grant_id", new_column_name="token_id")

    _move_personal_tokens_back()
    op.drop_table("grant_uses")
    op.drop_table("logout_notices")
    op.drop_table("device_authorizations")
    op.drop_table("application_secret_uses")
    op.drop_table("session_uses")
    op.drop_table("passkey_uses")
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_grants_user_id"))
        batch_op.drop_index(batch_op.f("ix_grants_session_id"))
        batch_op.drop_index(batch_op.f("ix_grants_maker_id"))
        batch_op.drop_index(batch_op.f("ix_grants_application_id_grants_user_id"))

    op.drop_table("grants")
    op.drop_table("authenticator_uses")
    with op.batch_alter_table("application_secrets", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_application_secrets_application_id"))

    op.drop_table("application_secrets")
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sessions_user_id"))

    op.drop_table("sessions")
    with op.batch_alter_table("security_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_security_events_user_id_security_events_id"))

    op.drop_table("security_events")
    with op.batch_alter_table("recovery_codes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recovery_codes_user_id"))

    op.drop_table("recovery_codes")
    with op.batch_alter_table("passkeys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_passkeys_user_id"))

    op.drop_table("passkeys")
    with op.batch_alter_table("authenticators", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_authenticators_user_id"))

    op.drop_table("authenticators")
    op.drop_index(op.f("ix_applications_account_id"), "applications")
    op.drop_table("applications")
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tickets_expires_at"))

    op.drop_table("tickets")
    op.drop_table("signing_keys")
    with op.batch_alter_table("mails", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mails_next_try_at"))

    op.drop_table("mails")
    op.drop_table("attempts")
    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_requests_user_id_requests_number"))

    op.drop_table("requests")


NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
POLICY = ("user_id", "name", "account_ids", "product_ids", "ip_ranges", "not_before", "revoked_at")


def _move_tokens_into_grants() -> None:
    """Each token so far becomes a grant of the same number, with the secret as its only token."""
    connection = op.get_bind()
    old = [dict(row) for row in connection.execute(sa.text("SELECT * FROM tokens")).mappings()]
    uses = [dict(row) for row in connection.execute(sa.text("SELECT * FROM token_uses")).mappings()]
    op.drop_table("token_uses")
    op.drop_table("tokens")
    tokens = _new_tokens()
    grants = _described("grants", (*POLICY, "id", "grant_type", "scopes", "expires_at", "created_at"))
    shared = ("scopes", "expires_at", "created_at")
    kept = [{"id": row["id"], **{name: row[name] for name in (*POLICY, *shared)}} for row in old]
    _insert(grants, [{**row, "grant_type": "personal_token"} for row in kept])
    _insert(
        tokens,
        [
            {
                "grant_id": row["id"],
                "kind": "pat",
                "generation": 0,
                **{name: row[name] for name in ("hash", "last_four", "created_at")},
            }
            for row in old
        ],
    )
    _insert(
        _described("grant_uses", ("grant_id", "used_at")),
        [{"grant_id": use["token_id"], "used_at": use["used_at"]} for use in uses],
    )
    _go_on_counting("grants")


def _move_personal_tokens_back() -> None:
    """Personal tokens become what they were; those of applications are gone."""
    connection = op.get_bind()
    query = (
        "SELECT tokens.hash, tokens.last_four, grants.* FROM tokens JOIN grants ON grants.id = tokens.grant_id"
        " WHERE tokens.kind = 'pat'"
    )
    personal = [dict(row) for row in connection.execute(sa.text(query)).mappings()]
    uses = [dict(row) for row in connection.execute(sa.text("SELECT * FROM grant_uses")).mappings()]
    op.drop_table("tokens")
    tokens = _old_tokens()
    names = ("id", "hash", "last_four", "scopes", "expires_at", "created_at", *POLICY)
    _insert(tokens, [{name: row[name] for name in names} for row in personal])
    numbers = {row["id"] for row in personal}
    token_uses = op.create_table(
        "token_uses",
        sa.Column("token_id", NUMBER, nullable=False),
        sa.Column("used_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["token_id"], ["tokens.id"], name=op.f("fk_token_uses_token_id")),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_token_uses")),
    )
    _insert(
        token_uses,
        [{"token_id": use["grant_id"], "used_at": use["used_at"]} for use in uses if use["grant_id"] in numbers],
    )
    _go_on_counting("tokens")


def _new_tokens() -> sa.Table:
    table = op.create_table(
        "tokens",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("grant_id", NUMBER, nullable=False),
        sa.Column("kind", sa.String(3), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("last_four", sa.String(4), nullable=False),
        sa.Column("scopes", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("audience", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("key_thumbprint", sa.String(64), nullable=True),
        sa.Column("generation", NUMBER, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("expires_at", NUMBER, nullable=True),
        sa.Column("consumed_at", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_tokens_grant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_tokens_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_tokens_grant_id"), "tokens", ["grant_id"])
    op.create_index(op.f("ix_tokens_expires_at"), "tokens", ["expires_at"])
    return table


def _old_tokens() -> sa.Table:
    table = op.create_table(
        "tokens",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("last_four", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("account_ids", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("product_ids", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("ip_ranges", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("not_before", NUMBER, nullable=True),
        sa.Column("expires_at", NUMBER, nullable=True),
        sa.Column("revoked_at", NUMBER, nullable=True),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_tokens_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_tokens_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_tokens_user_id"), "tokens", ["user_id"])
    return table


def _described(table: str, names: tuple[str, ...]) -> sa.TableClause:
    return sa.table(table, *(sa.column(name) for name in names))


def _insert(table: sa.TableClause, rows: list[dict[str, object]]) -> None:
    """Puts rows in as they were read: PostgreSQL's driver has read its JSON, which is then written again."""
    if rows:
        as_json = op.get_bind().dialect.name == "postgresql"
        encoded = [
            {name: json.dumps(value) if as_json and isinstance(value, list) else value for name, value in row.items()}
            for row in rows
        ]
        columns = ", ".join(f'"{name}"' for name in encoded[0])
        values = ", ".join(f":{name}" for name in encoded[0])
        op.get_bind().execute(sa.text(f'INSERT INTO "{table.name}" ({columns}) VALUES ({values})'), encoded)  # noqa: S608 - constants


def _go_on_counting(table: str) -> None:
    """Has new rows numbered after those that brought their numbers; SQLite does so by itself."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")  # noqa: S608 - constants
