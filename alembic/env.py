"""Runs the migrations of one run mode on the connection that `portal.core.database.migrations` hands over."""

from alembic import context

connection = context.config.attributes.get("connection")
if connection is None:
    message = "run migrations with `portal migrate`: the run mode decides which apply"
    raise SystemExit(message)

context.configure(connection=connection, version_table_schema="app", include_schemas=True)
with context.begin_transaction():
    context.run_migrations()
