"""One queue row for each stored batch, where there was one for each meter and hour of it: Client."""

from alembic import op

from portal.core.database.script import statements

revision = "client_0002"
down_revision = "client_0001"
branch_labels = None
depends_on = None

# Dropping the queue takes the views of plain PostgreSQL with it; every start makes those that are missing.
# The lock first: hours that a process of the earlier release queued meanwhile would be lost with the table.
_UPGRADE = """
LOCK TABLE monitoring.rollup_queue IN ACCESS EXCLUSIVE MODE;
CREATE TABLE monitoring.rollup_batches (
    device_ids uuid[] NOT NULL,
    hours timestamptz[] NOT NULL,
    firsts timestamptz[] NOT NULL
);
INSERT INTO monitoring.rollup_batches
    SELECT array_agg(device_id), array_agg(hour), array_agg(first_at)
    FROM monitoring.rollup_queue HAVING count(*) > 0;
DROP TABLE monitoring.rollup_queue CASCADE;
CREATE VIEW monitoring.rollup_queue AS
    SELECT q.device_id, q.hour, q.first_at FROM monitoring.rollup_batches b
    CROSS JOIN LATERAL unnest(b.device_ids, b.hours, b.firsts) AS q (device_id, hour, first_at);
"""
_DOWNGRADE = """
CREATE TABLE monitoring.rollup_rows (
    device_id uuid NOT NULL,
    hour timestamptz NOT NULL,
    first_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO monitoring.rollup_rows SELECT * FROM monitoring.rollup_queue;
DROP TABLE monitoring.rollup_batches CASCADE;
ALTER TABLE monitoring.rollup_rows RENAME TO rollup_queue;
"""


def upgrade() -> None:
    """Move what is queued."""
    for statement in statements(_UPGRADE):
        op.execute(statement)


def downgrade() -> None:
    """Move it back."""
    for statement in statements(_DOWNGRADE):
        op.execute(statement)
