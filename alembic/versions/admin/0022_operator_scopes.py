"""Which customers an operator sees who is limited to some."""

from alembic import op

revision = "admin_0022"
down_revision = "admin_0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute(
        "CREATE TABLE fleet.operator_scopes ("
        "user_id uuid NOT NULL REFERENCES app.users ON DELETE CASCADE, "
        "customer_id uuid NOT NULL REFERENCES fleet.customers ON DELETE CASCADE, "
        "PRIMARY KEY (user_id, customer_id))"
    )
    op.execute("CREATE INDEX ix_fleet_operator_scopes_customer_id ON fleet.operator_scopes (customer_id)")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE fleet.operator_scopes")
