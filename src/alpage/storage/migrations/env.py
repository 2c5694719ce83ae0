"""How Alembic runs a migration: on the connection it was given."""

from alembic import context

from alpage.storage.tables import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    transactional_ddl=True,  # on SQLite too: `migrations.move` begins a transaction
)
with context.begin_transaction():
    context.run_migrations()
