"""Hours are queued by small keys, as integers: Client."""

from alembic import op

from portal.core.database.script import statements

revision = "client_0015"
down_revision = "client_0014"
branch_labels = None
depends_on = None

# Dropping the queue takes the views over it along; every start makes those that are missing.
# The lock first: hours that a process of the earlier release queued meanwhile would be lost with the table.
_UPGRADE = """
LOCK TABLE monitoring.rollup_batches IN ACCESS EXCLUSIVE MODE;
ALTER TABLE monitoring.rollup_batches RENAME TO rollup_batches_by_id;
CREATE TABLE monitoring.rollup_batches (
    customer integer NOT NULL,
    meters integer[] NOT NULL,
    hours timestamptz[] NOT NULL,
    firsts timestamptz[] NOT NULL,
    queued_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO monitoring.rollup_batches
    SELECT d.customer, array_agg(d.meter), array_agg(q.hour), array_agg(q.first_at), b.queued_at
    FROM (SELECT row_number() OVER () AS number, * FROM monitoring.rollup_batches_by_id) b
    CROSS JOIN LATERAL unnest(b.device_ids, b.hours, b.firsts) AS q (device_id, hour, first_at)
    JOIN monitoring.devices d ON d.id = q.device_id
    GROUP BY b.number, b.queued_at, d.customer;
DROP TABLE monitoring.rollup_batches_by_id CASCADE;
CREATE VIEW monitoring.rollup_queue AS
    SELECT d.id AS device_id, q.hour, q.first_at FROM monitoring.rollup_batches b
    CROSS JOIN LATERAL unnest(b.meters, b.hours, b.firsts) AS q (meter, hour, first_at)
    JOIN monitoring.devices d ON d.customer = b.customer AND d.meter = q.meter;
"""
_DOWNGRADE = """
LOCK TABLE monitoring.rollup_batches IN ACCESS EXCLUSIVE MODE;
ALTER TABLE monitoring.rollup_batches RENAME TO rollup_batches_by_number;
CREATE TABLE monitoring.rollup_batches (
    device_ids uuid[] NOT NULL,
    hours timestamptz[] NOT NULL,
    firsts timestamptz[] NOT NULL,
    queued_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO monitoring.rollup_batches
    SELECT array_agg(d.id), array_agg(q.hour), array_agg(q.first_at), b.queued_at
    FROM (SELECT row_number() OVER () AS number, * FROM monitoring.rollup_batches_by_number) b
    CROSS JOIN LATERAL unnest(b.meters, b.hours, b.firsts) AS q (meter, hour, first_at)
    JOIN monitoring.devices d ON d.customer = b.customer AND d.meter = q.meter
    GROUP BY b.number, b.queued_at;
DROP TABLE monitoring.rollup_batches_by_number CASCADE;
CREATE VIEW monitoring.rollup_queue AS
    SELECT q.device_id, q.hour, q.first_at FROM monitoring.rollup_batches b
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
