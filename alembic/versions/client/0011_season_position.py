"""A season's number in its tariff is its position: Client."""

from alembic import op

revision = "client_0011"
down_revision = "client_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rename the column; the references to it follow."""
    op.execute("ALTER TABLE app.tariff_seasons RENAME COLUMN place TO position")


def downgrade() -> None:
    """Take the earlier name again."""
    op.execute("ALTER TABLE app.tariff_seasons RENAME COLUMN position TO place")
