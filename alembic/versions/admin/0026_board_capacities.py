"""For how long silent boards of a customer keep their readings, as its stack last said."""

from alembic import op

revision = "admin_0026"
down_revision = "admin_0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE fleet.push_reports ADD COLUMN board_minutes jsonb NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    """Drop it: Clients say it again with every batch."""
    op.execute("ALTER TABLE fleet.push_reports DROP COLUMN board_minutes")
