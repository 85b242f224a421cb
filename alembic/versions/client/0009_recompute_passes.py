"""The meters whose energy is computed again from their readings, and how far each has come: Client."""

from alembic import op

revision = "client_0009"
down_revision = "client_0008"
branch_labels = None
depends_on = None

# An earlier release computes again what is queued from its first instant on.
_QUEUE = """
INSERT INTO monitoring.rollup_batches (device_ids, hours, firsts)
SELECT array_agg(device_id), array_agg(hour), array_agg(TIMESTAMPTZ '-infinity')
FROM (
    SELECT DISTINCT p.device_id, date_trunc('hour', m.time, 'UTC') AS hour
    FROM monitoring.recompute_passes p
    JOIN monitoring.power_measurements m ON m.device_id = p.device_id
        AND m.time >= coalesce(p.from_hour, '-infinity')
) h GROUP BY device_id
"""


def upgrade() -> None:
    """Create the table; what an earlier release queued as a whole stays in the queue of hours."""
    op.execute(
        "CREATE TABLE monitoring.recompute_passes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
        "device_id uuid NOT NULL, "
        "from_hour timestamptz, asked_at timestamptz NOT NULL DEFAULT now())"
    )


def downgrade() -> None:
    """Queue the hours of what is left of the passes, and drop the table."""
    op.execute(_QUEUE)
    op.execute("DROP TABLE monitoring.recompute_passes")
