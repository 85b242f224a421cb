"""How many digits a meter's register has: Admin."""

from alembic import op

revision = "admin_0019"
down_revision = "admin_0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has said so of any meter yet."""
    op.execute("ALTER TABLE fleet.devices ADD COLUMN register_digits smallint")


def downgrade() -> None:
    """The earlier release takes what is usual."""
    op.execute("ALTER TABLE fleet.devices DROP COLUMN register_digits")
