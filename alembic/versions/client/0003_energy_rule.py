"""The longest gap that stored energy was computed with: Client."""

from alembic import op

revision = "client_0003"
down_revision = "client_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; the next start notes the gap in use."""
    op.execute("CREATE TABLE monitoring.energy_rule (max_gap_minutes integer NOT NULL)")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE monitoring.energy_rule")
