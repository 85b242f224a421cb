"""A season's number in its tariff is its position: Admin."""

from alembic import op

revision = "admin_0008"
down_revision = "admin_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rename the column; the references to it follow."""
    op.execute("ALTER TABLE fleet.tariff_seasons RENAME COLUMN place TO position")


def downgrade() -> None:
    """Take the earlier name again."""
    op.execute("ALTER TABLE fleet.tariff_seasons RENAME COLUMN position TO place")
