"""How far the clock of a device's board is off, as its Client says: Admin."""

from alembic import op

revision = "admin_0010"
down_revision = "admin_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; it is empty for a clock that is right."""
    op.execute("ALTER TABLE fleet.devices ADD COLUMN clock_skew_seconds integer")


def downgrade() -> None:
    """Drop it."""
    op.execute("ALTER TABLE fleet.devices DROP COLUMN clock_skew_seconds")
