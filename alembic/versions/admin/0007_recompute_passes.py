"""The meters whose energy is computed again from their readings, and how far each has come: Admin."""

from alembic import op

revision = "admin_0007"
down_revision = "admin_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; what an earlier release queued as a whole stays in the queue of hours."""
    op.execute(
        "CREATE TABLE fleet.recompute_passes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
        "customer_id uuid NOT NULL, device_id uuid NOT NULL, "
        "from_hour timestamptz, asked_at timestamptz NOT NULL DEFAULT now())"
    )


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE fleet.recompute_passes")
