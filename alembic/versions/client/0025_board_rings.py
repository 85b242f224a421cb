"""How many readings a board keeps before it overwrites the oldest, as it says itself: Client."""

from alembic import op

revision = "client_0025"
down_revision = "client_0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE monitoring.boards ADD COLUMN ring_readings integer")


def downgrade() -> None:
    """Drop it: boards say it again with every post."""
    op.execute("ALTER TABLE monitoring.boards DROP COLUMN ring_readings")
