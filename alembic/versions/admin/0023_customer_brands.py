"""How customers' own portals are called and look."""

from alembic import op

revision = "admin_0023"
down_revision = "admin_0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute(
        "CREATE TABLE fleet.customer_brands ("
        "customer_id uuid PRIMARY KEY REFERENCES fleet.customers ON DELETE CASCADE, "
        "product_name varchar(80), primary_color varchar(7), accent_color varchar(7), appearance varchar(10), "
        "logo bytea, logo_type varchar(30), received_at timestamptz NOT NULL DEFAULT now())"
    )


def downgrade() -> None:
    """Drop it: a Client that has changed its brand since pushes it again after the next upgrade."""
    op.execute("DROP TABLE fleet.customer_brands")
