"""The longest gap that stored energy was computed with: Admin."""

from alembic import op

revision = "admin_0003"
down_revision = "admin_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; the next start notes the gap in use."""
    op.execute("CREATE TABLE fleet.energy_rule (max_gap_minutes integer NOT NULL)")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE fleet.energy_rule")
