"""The small keys under which readings are to lie: a customer's number, which is 1 here, and a meter's: Client."""

from alembic import op

from portal.core.database.script import statements

revision = "client_0012"
down_revision = "client_0011"
branch_labels = None
depends_on = None

_UP = """
ALTER TABLE monitoring.devices ADD COLUMN customer integer, ADD COLUMN meter integer;
UPDATE monitoring.devices AS d SET customer = 1, meter = numbered.meter
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS meter FROM monitoring.devices) AS numbered
    WHERE numbered.id = d.id;
ALTER TABLE monitoring.devices ALTER COLUMN customer SET NOT NULL, ALTER COLUMN meter SET NOT NULL,
    ADD CONSTRAINT devices_customer_meter_key UNIQUE (customer, meter);
CREATE TABLE monitoring.meter_numbers (customer integer PRIMARY KEY, last_meter integer NOT NULL DEFAULT 0);
INSERT INTO monitoring.meter_numbers (customer, last_meter)
    SELECT 1, coalesce(max(meter), 0) FROM monitoring.devices;
"""
_DOWN = """
DROP TABLE monitoring.meter_numbers;
ALTER TABLE monitoring.devices DROP COLUMN customer, DROP COLUMN meter;
"""


def upgrade() -> None:
    """Number the devices in the order of their ids."""
    for statement in statements(_UP):
        op.execute(statement)


def downgrade() -> None:
    """Forget the numbers."""
    for statement in statements(_DOWN):
        op.execute(statement)
