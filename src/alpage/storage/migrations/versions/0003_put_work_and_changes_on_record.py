"""Put work that outlives a request, and every change, on record."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WHOLE_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Goes forward."""
    _make_idempotency()
    _extend_changes()


def downgrade() -> None:
    """Goes back."""
    _reduce_changes()
    _drop_idempotency()


def _make_idempotency() -> None:
    op.create_table(
        "kept_answers",
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", WHOLE_NUMBER, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", WHOLE_NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_kept_answers")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_kept_answers_created_at"), "kept_answers", ["created_at"])


def _drop_idempotency() -> None:
    op.drop_table("kept_answers")


CHANGE_INDEXES = (
    ("event", "object_id", "id"),
    ("account_id", "event", "id"),
    ("product_id", "id"),
    ("owner_id", "id"),
    ("user_id", "id"),
    ("request_id", "id"),
    ("reverts",),
)
OWNERS = (  # the tables of what is one user's alone, by their events
    ("grant", "grants"),
    ("task", "tasks"),
    ("user.application_password", "application_passwords"),
    ("user.authenticator", "authenticators"),
    ("user.avatar", "user_avatars"),
    ("user.email", "user_emails"),
    ("user.passkey", "passkeys"),
    ("user.phone", "user_phones"),
    ("user.security_event", "security_events"),
    ("user.session", "sessions"),
)


def _extend_changes() -> None:
    for name in ("product_id", "owner_id", "reverts"):
        op.add_column("changes", sa.Column(name, WHOLE_NUMBER, nullable=True))
    for columns in CHANGE_INDEXES:
        op.create_index(op.f(f"ix_{'_'.join(f'changes_{name}' for name in columns)}"), "changes", [*columns])
    _place_changes()


def _place_changes() -> None:
    """Says of earlier changes whose they are, as far as what they are of is still there."""
    op.execute("UPDATE changes SET owner_id = object_id WHERE event = 'user'")
    for event, table in OWNERS:
        owner = f"SELECT user_id FROM {table} WHERE {table}.id = changes.object_id"  # noqa: S608 - a constant
        op.execute(f"UPDATE changes SET account_id = NULL, owner_id = ({owner}) WHERE event = '{event}'")  # noqa: S608 - as above
    op.execute("UPDATE changes SET product_id = object_id WHERE event IN ('product', 'domain')")
    zone = "SELECT product_id FROM dns_zones WHERE dns_zones.id"
    op.execute(f"UPDATE changes SET product_id = ({zone} = changes.object_id) WHERE event = 'dns.zone'")  # noqa: S608 - as above
    for event, table in (("dns.record", "dns_records"), ("dns.zone.version", "dns_zone_versions")):
        parent = f"SELECT zone_id FROM {table} WHERE {table}.id = changes.object_id"  # noqa: S608 - as above
        op.execute(f"UPDATE changes SET product_id = ({zone} = ({parent})) WHERE event = '{event}'")  # noqa: S608 - as above
    tagged = "SELECT product_id FROM product_tags WHERE product_tags.id = changes.object_id"
    op.execute(f"UPDATE changes SET product_id = ({tagged}) WHERE event = 'product.tag'")  # noqa: S608 - as above


def _reduce_changes() -> None:
    for columns in CHANGE_INDEXES:
        op.drop_index(op.f(f"ix_{'_'.join(f'changes_{name}' for name in columns)}"), "changes")
    with op.batch_alter_table("changes") as changes:
        for name in ("product_id", "owner_id", "reverts"):
            changes.drop_column(name)
