"""Hours are queued by small keys, as integers: Admin."""

from alembic import op

from portal.core.database.script import statements

revision = "admin_0012"
down_revision = "admin_0011"
branch_labels = None
depends_on = None

# Dropping the queue takes the views over it along; every start makes those that are missing.
# The lock first: hours that a process of the earlier release queued meanwhile would be lost with the table.
_UPGRADE = """
LOCK TABLE fleet.rollup_batches IN ACCESS EXCLUSIVE MODE;
ALTER TABLE fleet.rollup_batches RENAME TO rollup_batches_by_id;
CREATE TABLE fleet.rollup_batches (
    customer integer NOT NULL,
    meters integer[] NOT NULL,
    hours timestamptz[] NOT NULL,
    firsts timestamptz[] NOT NULL,
    queued_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO fleet.rollup_batches
    SELECT d.customer, array_agg(d.meter), array_agg(q.hour), array_agg(q.first_at), b.queued_at
    FROM (SELECT row_number() OVER () AS number, * FROM fleet.rollup_batches_by_id) b
    CROSS JOIN LATERAL unnest(b.device_ids, b.hours, b.firsts) AS q (device_id, hour, first_at)
    JOIN fleet.devices d ON d.customer_id = b.customer_id AND d.id = q.device_id
    GROUP BY b.number, b.queued_at, d.customer;
DROP TABLE fleet.rollup_batches_by_id CASCADE;
CREATE VIEW fleet.rollup_queue AS
    SELECT d.customer_id, d.id AS device_id, q.hour, q.first_at FROM fleet.rollup_batches b
    CROSS JOIN LATERAL unnest(b.meters, b.hours, b.firsts) AS q (meter, hour, first_at)
    JOIN fleet.devices d ON d.customer = b.customer AND d.meter = q.meter;
"""
_DOWNGRADE = """
LOCK TABLE fleet.rollup_batches IN ACCESS EXCLUSIVE MODE;
ALTER TABLE fleet.rollup_batches RENAME TO rollup_batches_by_number;
CREATE TABLE fleet.rollup_batches (
    customer_id uuid NOT NULL,
    device_ids uuid[] NOT NULL,
    hours timestamptz[] NOT NULL,
    firsts timestamptz[] NOT NULL,
    queued_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO fleet.rollup_batches
    SELECT d.customer_id, array_agg(d.id), array_agg(q.hour), array_agg(q.first_at), b.queued_at
    FROM (SELECT row_number() OVER () AS number, * FROM fleet.rollup_batches_by_number) b
    CROSS JOIN LATERAL unnest(b.meters, b.hours, b.firsts) AS q (meter, hour, first_at)
    JOIN fleet.devices d ON d.customer = b.customer AND d.meter = q.meter
    GROUP BY d.customer_id, b.number, b.queued_at;
DROP TABLE fleet.rollup_batches_by_number CASCADE;
CREATE VIEW fleet.rollup_queue AS
    SELECT b.customer_id, q.device_id, q.hour, q.first_at FROM fleet.rollup_batches b
    CROSS JOIN LATERAL unnest(b.device_ids, b.hours, b.firsts) AS q (device_id, hour, first_at);
"""


def upgrade() -> None:
    """Number what is queued; of devices that are gone nothing is."""
    for statement in statements(_UPGRADE):
        op.execute(statement)


def downgrade() -> None:
    """Name it by ids again."""
    for statement in statements(_DOWNGRADE):
        op.execute(statement)
