"""How far each Client has come, what it ended, and other ids of a device that was added again: Admin."""

from alembic import op

from portal.core.database.script import statements

revision = "admin_0005"
down_revision = "admin_0004"
branch_labels = None
depends_on = None

_ENDING = ("sites", "devices", "municipalities", "tariffs")
_ENDED = """
UPDATE fleet.sites SET ended_at = received_at WHERE NOT is_active;
UPDATE fleet.devices SET ended_at = received_at WHERE NOT is_active;
UPDATE fleet.tariffs SET ended_at = received_at WHERE NOT is_active;
"""
_UPGRADE = """
CREATE TABLE fleet.push_epochs (
    customer_id uuid PRIMARY KEY REFERENCES fleet.customers (id) ON DELETE CASCADE,
    epoch uuid NOT NULL,
    mark bigint NOT NULL,
    nonce varchar(32) NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE fleet.device_aliases (
    customer_id uuid NOT NULL REFERENCES fleet.customers (id),
    id uuid NOT NULL,
    device_id uuid NOT NULL,
    is_current boolean NOT NULL DEFAULT true,
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, id),
    FOREIGN KEY (customer_id, device_id) REFERENCES fleet.devices (customer_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_fleet_device_aliases_device ON fleet.device_aliases (customer_id, device_id);
CREATE INDEX ix_fleet_devices_external_id ON fleet.devices (customer_id, external_id);
"""


def upgrade() -> None:
    """What is inactive may have been ended: until its Client names it again, it counts as that."""
    for statement in statements(_UPGRADE):
        op.execute(statement)
    for table in _ENDING:
        op.execute(f"ALTER TABLE fleet.{table} ADD COLUMN ended_at timestamptz")
    for statement in statements(_ENDED):
        op.execute(statement)


def downgrade() -> None:
    """Forget all of it."""
    for table in _ENDING:
        op.execute(f"ALTER TABLE fleet.{table} DROP COLUMN ended_at")
    op.execute("DROP INDEX fleet.ix_fleet_devices_external_id")
    op.execute("DROP TABLE fleet.device_aliases")
    op.execute("DROP TABLE fleet.push_epochs")
