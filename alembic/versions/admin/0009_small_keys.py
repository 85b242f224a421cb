"""The small keys under which readings are to lie: a customer's number and, counted by customer, a meter's: Admin."""

from alembic import op

from portal.core.database.script import statements

revision = "admin_0009"
down_revision = "admin_0008"
branch_labels = None
depends_on = None

_UP = """
ALTER TABLE fleet.customers ADD COLUMN number integer;
UPDATE fleet.customers AS c SET number = numbered.number
    FROM (SELECT id, row_number() OVER (ORDER BY created_at, id) AS number FROM fleet.customers) AS numbered
    WHERE numbered.id = c.id;
ALTER TABLE fleet.customers ALTER COLUMN number SET NOT NULL, ADD CONSTRAINT customers_number_key UNIQUE (number);
ALTER TABLE fleet.devices ADD COLUMN customer integer, ADD COLUMN meter integer;
UPDATE fleet.devices AS d SET customer = c.number, meter = numbered.meter
    FROM (
        SELECT customer_id, id, row_number() OVER (PARTITION BY customer_id ORDER BY id) AS meter FROM fleet.devices
    ) AS numbered JOIN fleet.customers c ON c.id = numbered.customer_id
    WHERE numbered.customer_id = d.customer_id AND numbered.id = d.id;
ALTER TABLE fleet.devices ALTER COLUMN customer SET NOT NULL, ALTER COLUMN meter SET NOT NULL,
    ADD CONSTRAINT devices_customer_meter_key UNIQUE (customer, meter);
CREATE INDEX ix_fleet_devices_id ON fleet.devices (id);
CREATE TABLE fleet.meter_numbers (customer integer PRIMARY KEY, last_meter integer NOT NULL DEFAULT 0);
INSERT INTO fleet.meter_numbers (customer, last_meter)
    SELECT c.number, coalesce(max(d.meter), 0)
    FROM fleet.customers c LEFT JOIN fleet.devices d ON d.customer_id = c.id GROUP BY c.number;
"""
_DOWN = """
DROP TABLE fleet.meter_numbers;
DROP INDEX fleet.ix_fleet_devices_id;
ALTER TABLE fleet.devices DROP COLUMN customer, DROP COLUMN meter;
ALTER TABLE fleet.customers DROP COLUMN number;
"""


def upgrade() -> None:
    """Number the customers as they were registered, and the devices of each in the order of their ids."""
    for statement in statements(_UP):
        op.execute(statement)


def downgrade() -> None:
    """Forget the numbers."""
    for statement in statements(_DOWN):
        op.execute(statement)
