"""A tariff says what its default rate is called, and what is not priced: Admin."""

from alembic import op

revision = "admin_0014"
down_revision = "admin_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is said of those that are stored."""
    op.execute("ALTER TABLE fleet.tariffs ADD COLUMN default_name varchar(100)")
    op.execute("ALTER TABLE fleet.tariffs ADD COLUMN not_included varchar(1000)")


def downgrade() -> None:
    """An earlier release does not know of them."""
    op.execute("ALTER TABLE fleet.tariffs DROP COLUMN not_included, DROP COLUMN default_name")
