"""Put work that outlives a request, and every change, on record."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WHOLE_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
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


def upgrade() -> None:
    """Goes forward."""
    _make_idempotency()
    _make_tasks()
    _make_postponed()
    _make_requests_in_full()
    _make_deprecation()
    _make_sandbox()
    _make_webhooks()
    _put_agreements_into_grants()
    _make_zone_exports()
    _extend_changes()


def downgrade() -> None:
    """Goes back."""
    _reduce_changes()
    _drop_zone_exports()
    _take_agreements_out_of_grants()
    _drop_webhooks()
    _drop_sandbox()
    _drop_deprecation()
    _drop_requests_in_full()
    _drop_postponed()
    _drop_tasks()
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


def _make_tasks() -> None:
    with op.batch_alter_table("tasks") as tasks:
        tasks.add_column(sa.Column("name", sa.String(length=100), nullable=False, server_default=""))
        tasks.add_column(sa.Column("arguments", sa.JSON(), nullable=False, server_default="{}"))
        tasks.add_column(sa.Column("grant_id", WHOLE_NUMBER, nullable=True))
        tasks.add_column(sa.Column("request_id", sa.String(length=24), nullable=True))
        tasks.alter_column("user_id", existing_type=WHOLE_NUMBER, nullable=True)
        tasks.create_index(op.f("ix_tasks_status_tasks_finished_at"), ["status", "finished_at"])
    with op.batch_alter_table("tasks") as tasks:
        tasks.alter_column("name", existing_type=sa.String(length=100), server_default=None)
        tasks.alter_column("arguments", existing_type=sa.JSON(), server_default=None)
    op.create_table(
        "task_progress",
        sa.Column("task_id", WHOLE_NUMBER, nullable=False),
        sa.Column("run", WHOLE_NUMBER, nullable=False),
        sa.Column("tries", WHOLE_NUMBER, nullable=False),
        sa.Column("step", sa.String(length=100), nullable=True),
        sa.Column("done", WHOLE_NUMBER, nullable=True),
        sa.Column("total", WHOLE_NUMBER, nullable=True),
        sa.Column("measured_at", WHOLE_NUMBER, nullable=True),
        sa.Column("measured_from", WHOLE_NUMBER, nullable=True),
        sa.Column("due_at", WHOLE_NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_task_progress_task_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_task_progress")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "task_steps",
        sa.Column("id", WHOLE_NUMBER, nullable=False),
        sa.Column("task_id", WHOLE_NUMBER, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("number", WHOLE_NUMBER, nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("started_at", WHOLE_NUMBER, nullable=False),
        sa.Column("finished_at", WHOLE_NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_task_steps_task_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_steps")),
        sa.UniqueConstraint("task_id", "name", "number", name=op.f("uq_task_steps_task_id_name_number")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "schedules",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("due_at", WHOLE_NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schedules")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "queue_releases",
        sa.Column("release", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("release", name=op.f("pk_queue_releases")),
        sqlite_autoincrement=True,
    )


def _drop_tasks() -> None:
    for table in ("queue_releases", "schedules", "task_steps", "task_progress"):
        op.drop_table(table)
    op.execute("DELETE FROM tasks WHERE user_id IS NULL")
    with op.batch_alter_table("tasks") as tasks:
        tasks.drop_index(op.f("ix_tasks_status_tasks_finished_at"))
        tasks.alter_column("user_id", existing_type=WHOLE_NUMBER, nullable=False)
        for column in ("request_id", "grant_id", "arguments", "name"):
            tasks.drop_column(column)


def _make_requests_in_full() -> None:
    op.execute("DELETE FROM requests")  # they pass within a day, and have not what is asked of them now
    with op.batch_alter_table("requests") as batch_op:
        batch_op.add_column(sa.Column("ip", sa.String(length=45), nullable=False))
        batch_op.add_column(sa.Column("fault", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("is_replayed", sa.Boolean(), nullable=False))
        batch_op.add_column(sa.Column("error", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("context", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("steps", sa.JSON(), nullable=False))


def _drop_requests_in_full() -> None:
    with op.batch_alter_table("requests") as batch_op:
        for name in ("steps", "context", "error", "is_replayed", "fault", "ip"):
            batch_op.drop_column(name)


def _make_deprecation() -> None:
    op.create_table(
        "deprecated_calls",
        sa.Column("id", WHOLE_NUMBER, nullable=False),
        sa.Column("grant_id", WHOLE_NUMBER, nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("day", WHOLE_NUMBER, nullable=False),
        sa.Column("user_id", WHOLE_NUMBER, nullable=False),
        sa.Column("application_id", WHOLE_NUMBER, nullable=True),
        sa.Column("calls", WHOLE_NUMBER, nullable=False),
        sa.Column("last_called_at", WHOLE_NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deprecated_calls")),
        sa.UniqueConstraint("grant_id", "route", "day", name=op.f("uq_deprecated_calls_grant_id_route_day")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_deprecated_calls_user_id"), "deprecated_calls", ["user_id"])
    op.create_index(op.f("ix_deprecated_calls_day"), "deprecated_calls", ["day"])


def _drop_deprecation() -> None:
    op.drop_table("deprecated_calls")


def _make_sandbox() -> None:
    op.create_table(
        "moved_clocks",
        sa.Column("id", WHOLE_NUMBER, nullable=False),
        sa.Column("account_id", WHOLE_NUMBER, nullable=False),
        sa.Column("ahead_seconds", WHOLE_NUMBER, nullable=False),
        sa.Column("updated_at", WHOLE_NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_moved_clocks_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moved_clocks")),
        sa.UniqueConstraint("account_id", name=op.f("uq_moved_clocks_account_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "demonstrations",
        sa.Column("id", WHOLE_NUMBER, nullable=False),
        sa.Column("user_id", WHOLE_NUMBER, nullable=False),
        sa.Column("account_id", WHOLE_NUMBER, nullable=False),
        sa.Column("created_at", WHOLE_NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_demonstrations_account_id_accounts")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_demonstrations_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demonstrations")),
        sa.UniqueConstraint("user_id", name=op.f("uq_demonstrations_user_id")),
        sqlite_autoincrement=True,
    )


def _drop_sandbox() -> None:
    op.drop_table("demonstrations")
    op.drop_table("moved_clocks")


def _make_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", WHOLE_NUMBER, nullable=False),
        sa.Column("account_id", WHOLE_NUMBER, nullable=False),
        sa.Column("user_id", WHOLE_NUMBER, nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("description", sa.String(length=1000), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", WHOLE_NUMBER, nullable=False),
        sa.Column("disabled_at", WHOLE_NUMBER, nullable=True),
        sa.Column("disabled_reason", sa.String(length=8), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_webhooks_account_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_webhooks_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_webhooks_account_id_webhooks_id"), "webhooks", ["account_id", "id"])
    op.create_table(
        "webhook_secrets",
        sa.Column("id", WHOLE_NUMBER, nullable=False),
        sa.Column("account_id", WHOLE_NUMBER, nullable=False),
        sa.Column("webhook_id", WHOLE_NUMBER, nullable=False),
        sa.Column("seed", sa.String(length=43), nullable=False),
        sa.Column("last_four", sa.String(length=4), nullable=False),
        sa.Column("created_at", WHOLE_NUMBER, nullable=False),
        sa.Column("expires_at", WHOLE_NUMBER, nullable=True),
        sa.Column("revoked_at", WHOLE_NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_webhook_secrets_account_id")),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_secrets_webhook_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_secrets")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_webhook_secrets_webhook_id"), "webhook_secrets", ["webhook_id"])
    op.create_table(
        "webhook_progress",
        sa.Column("webhook_id", WHOLE_NUMBER, autoincrement=False, nullable=False),
        sa.Column("position", WHOLE_NUMBER, nullable=False),
        sa.Column("next_look_at", WHOLE_NUMBER, nullable=True),
        sa.Column("held_until", WHOLE_NUMBER, nullable=False),
        sa.Column("claimed_until", WHOLE_NUMBER, nullable=False),
        sa.Column("claims", WHOLE_NUMBER, nullable=False),
        sa.Column("failures", WHOLE_NUMBER, nullable=False),
        sa.Column("last_success_at", WHOLE_NUMBER, nullable=True),
        sa.Column("last_failure_at", WHOLE_NUMBER, nullable=True),
        sa.Column("replay_position", WHOLE_NUMBER, nullable=True),
        sa.Column("replay_until", WHOLE_NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_progress_webhook_id")),
        sa.PrimaryKeyConstraint("webhook_id", name=op.f("pk_webhook_progress")),
    )
    op.create_index(op.f("ix_webhook_progress_next_look_at"), "webhook_progress", ["next_look_at"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", WHOLE_NUMBER, nullable=False),
        sa.Column("webhook_id", WHOLE_NUMBER, nullable=False),
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("change_id", WHOLE_NUMBER, nullable=True),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("cause", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("created_at", WHOLE_NUMBER, nullable=False),
        sa.Column("tries", WHOLE_NUMBER, nullable=False),
        sa.Column("next_try_at", WHOLE_NUMBER, nullable=True),
        sa.Column("attempts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_webhook_deliveries_webhook_id_webhook_deliveries_id"), "webhook_deliveries", ["webhook_id", "id"]
    )
    op.create_index(
        "ix_webhook_deliveries_waiting",
        "webhook_deliveries",
        ["webhook_id", "next_try_at"],
        sqlite_where=sa.text("next_try_at IS NOT NULL"),
        postgresql_where=sa.text("next_try_at IS NOT NULL"),
    )


def _drop_webhooks() -> None:
    for table in ("webhook_deliveries", "webhook_progress", "webhook_secrets", "webhooks"):
        op.drop_table(table)


def _make_postponed() -> None:
    op.create_table(
        "postponed_requests",
        sa.Column("task_id", WHOLE_NUMBER, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name=op.f("fk_postponed_requests_task_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_postponed_requests")),
        sqlite_autoincrement=True,
    )


def _drop_postponed() -> None:
    op.drop_table("postponed_requests")


def _put_agreements_into_grants() -> None:
    with op.batch_alter_table("grants") as grants:
        grants.add_column(sa.Column("agreed", sa.JSON(none_as_null=True), nullable=True))
        grants.add_column(sa.Column("claims", sa.JSON(none_as_null=True), nullable=True))


def _take_agreements_out_of_grants() -> None:
    with op.batch_alter_table("grants") as grants:
        grants.drop_column("claims")
        grants.drop_column("agreed")


def _make_zone_exports() -> None:
    op.create_table(
        "dns_zone_exports",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", WHOLE_NUMBER, nullable=False),
        sa.Column("user_id", WHOLE_NUMBER, nullable=False),
        sa.Column("archive", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", WHOLE_NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_dns_zone_exports_account_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_dns_zone_exports_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dns_zone_exports")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dns_zone_exports_expires_at"), "dns_zone_exports", ["expires_at"])
    op.create_table(
        "dns_zone_export_files",
        sa.Column("export_id", sa.String(length=36), nullable=False),
        sa.Column("fqdn", sa.String(length=255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"], ["dns_zone_exports.id"], name=op.f("fk_dns_zone_export_files_export_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("export_id", "fqdn", name=op.f("pk_dns_zone_export_files")),
        sqlite_autoincrement=True,
    )


def _drop_zone_exports() -> None:
    op.drop_table("dns_zone_export_files")
    op.drop_table("dns_zone_exports")


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
