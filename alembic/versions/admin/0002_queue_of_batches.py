"""One queue row for each stored batch, where there was one for each meter and hour of it: Admin."""

from alembic import op

from portal.core.database.script import statements

revision = "admin_0002"
down_revision = "admin_0001"
branch_labels = None
depends_on = None

# Dropping the queue takes the views of plain PostgreSQL with it; every start makes those that are missing.
# The lock first: hours that a process of the earlier release queued meanwhile would be lost with the table.
_UPGRADE = """
LOCK TABLE fleet.rollup_queue IN ACCESS EXCLUSIVE MODE;
CREATE TABLE fleet.rollup_batches (
    customer_id uuid NOT NULL,
    device_ids uuid[] NOT NULL,
    hours timestamptz[] NOT NULL,
    firsts timestamptz[] NOT NULL
);
INSERT INTO fleet.rollup_batches
    SELECT customer_id, array_agg(device_id), array_agg(hour), array_agg(first_at)
    FROM fleet.rollup_queue GROUP BY customer_id;
DROP TABLE fleet.rollup_queue CASCADE;
CREATE VIEW fleet.rollup_queue AS
    SELECT b.customer_id, q.device_id, q.hour, q.first_at FROM fleet.rollup_batches b
    CROSS JOIN LATERAL unnest(b.device_ids, b.hours, b.firsts) AS q (device_id, hour, first_at);
"""
_DOWNGRADE = """
CREATE TABLE fleet.rollup_rows (
    customer_id uuid NOT NULL,
    device_id uuid NOT NULL,
    hour timestamptz NOT NULL,
    first_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO fleet.rollup_rows SELECT * FROM fleet.rollup_queue;
DROP TABLE fleet.rollup_batches CASCADE;
ALTER TABLE fleet.rollup_rows RENAME TO rollup_queue;
"""


def upgrade() -> None:
    """Move what is queued."""
    for statement in statements(_UPGRADE):
        op.execute(statement)


def downgrade() -> None:
    """Move it back."""
    for statement in statements(_DOWNGRADE):
        op.execute(statement)
