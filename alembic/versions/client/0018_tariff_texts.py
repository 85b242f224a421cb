"""A tariff says what its default rate is called, and what is not priced: Client."""

from alembic import op

revision = "client_0018"
down_revision = "client_0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is said of those that are stored."""
    op.execute("ALTER TABLE app.tariffs ADD COLUMN default_name varchar(100)")
    op.execute("ALTER TABLE app.tariffs ADD COLUMN not_included varchar(1000)")


def downgrade() -> None:
    """An earlier release does not know of them."""
    op.execute("ALTER TABLE app.tariffs DROP COLUMN not_included, DROP COLUMN default_name")
