"""A row of the audit trail has room for what was and what is."""

from alembic import op

revision = "shared_0006"
down_revision = "shared_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Widen the detail: of a tariff with many periods more than 500 characters change. Nothing is rewritten."""
    op.execute("ALTER TABLE app.audit_events ALTER COLUMN detail TYPE varchar(2000)")


def downgrade() -> None:
    """Keep the room: rows of the trail are not changed, so none can be cut."""
