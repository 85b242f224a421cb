"""A tariff says which charges of its price list are not priced: Admin."""

from alembic import op

revision = "admin_0013"
down_revision = "admin_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is said of those that are stored."""
    op.execute("ALTER TABLE fleet.tariffs ADD COLUMN not_included varchar(1000)")


def downgrade() -> None:
    """An earlier release does not know of it."""
    op.execute("ALTER TABLE fleet.tariffs DROP COLUMN not_included")
