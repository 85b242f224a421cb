"""The meters whose energy is computed again from their readings, and how far each has come: Admin."""

from alembic import op

revision = "admin_0007"
down_revision = "admin_0006"
branch_labels = None
depends_on = None

# An earlier release computes again what is queued from its first instant on.
_QUEUE = """
INSERT INTO fleet.rollup_batches (customer_id, device_ids, hours, firsts)
SELECT customer_id, array_agg(device_id), array_agg(hour), array_agg(TIMESTAMPTZ '-infinity')
FROM (
    SELECT DISTINCT p.customer_id, p.device_id, date_trunc('hour', m.time, 'UTC') AS hour
    FROM fleet.recompute_passes p
    JOIN fleet.power_measurements m ON m.customer_id = p.customer_id AND m.device_id = p.device_id
        AND m.time >= coalesce(p.from_hour, '-infinity')
) h GROUP BY customer_id, device_id
"""


def upgrade() -> None:
    """Create the table; what an earlier release queued as a whole stays in the queue of hours."""
    op.execute(
        "CREATE TABLE fleet.recompute_passes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
        "customer_id uuid NOT NULL, device_id uuid NOT NULL, "
        "from_hour timestamptz, asked_at timestamptz NOT NULL DEFAULT now())"
    )


def downgrade() -> None:
    """Queue the hours of what is left of the passes, and drop the table."""
    op.execute(_QUEUE)
    op.execute("DROP TABLE fleet.recompute_passes")
