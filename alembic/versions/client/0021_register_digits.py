"""How many digits a meter's register has: Client."""

from alembic import op

revision = "client_0021"
down_revision = "client_0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has said so of any meter yet."""
    op.execute("ALTER TABLE monitoring.devices ADD COLUMN register_digits smallint")


def downgrade() -> None:
    """The earlier release takes what is usual."""
    op.execute("ALTER TABLE monitoring.devices DROP COLUMN register_digits")
