"""An arrival names its device, so that the push unpacks one meter's segment and not everyone's: Client."""

from alembic import op

from portal.core.database.script import statements

revision = "client_0004"
down_revision = "client_0003"
branch_labels = None
depends_on = None

# The lock first: what a process of the earlier release stored between the two statements would never be pushed.
# Transactions of one instant shared their readings: each of their arrivals becomes one for each device of it.
# What is sent twice by that the Admin has already, and ignores.
_UPGRADE = """
LOCK TABLE app.push_arrivals IN ACCESS EXCLUSIVE MODE;
CREATE TEMPORARY TABLE arrivals_by_device ON COMMIT DROP AS
    SELECT a.id, m.device_id, a.received_at, min(m.time) AS first_at, max(m.time) AS last_at,
        count(*) AS row_count,
        count(*) FILTER (WHERE (m.time, m.device_id) <= (a.sent_time, a.sent_device_id)) AS sent_rows,
        max(m.time) FILTER (WHERE (m.time, m.device_id) <= (a.sent_time, a.sent_device_id)) AS sent_time
    FROM app.push_arrivals a
    JOIN monitoring.power_measurements m
        ON m.received_at = a.received_at AND m.time BETWEEN a.first_at AND a.last_at
    GROUP BY a.id, m.device_id;
TRUNCATE app.push_arrivals;
ALTER TABLE app.push_arrivals DROP COLUMN sent_device_id, ADD COLUMN device_id uuid NOT NULL;
INSERT INTO app.push_arrivals (device_id, received_at, first_at, last_at, row_count, sent_rows, sent_time)
    SELECT device_id, received_at, first_at, last_at, row_count, sent_rows, sent_time
    FROM arrivals_by_device ORDER BY id, device_id;
"""
_DOWNGRADE = """
ALTER TABLE app.push_arrivals ADD COLUMN sent_device_id uuid;
UPDATE app.push_arrivals SET sent_device_id = device_id WHERE sent_time IS NOT NULL;
ALTER TABLE app.push_arrivals DROP COLUMN device_id;
"""


def upgrade() -> None:
    """Give what waits its devices; what is sent already stays sent."""
    for statement in statements(_UPGRADE):
        op.execute(statement)


def downgrade() -> None:
    """Forget the devices again."""
    for statement in statements(_DOWNGRADE):
        op.execute(statement)
