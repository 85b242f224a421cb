"""What a person did within the hour is counted before they do more."""

from alembic import op

revision = "shared_0004"
down_revision = "shared_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index the trail by who acted."""
    op.execute("CREATE INDEX audit_events_by_actor ON app.audit_events (actor_id, at)")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP INDEX app.audit_events_by_actor")
