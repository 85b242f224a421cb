"""Stored energy is judged anew, meter by meter: Client."""

from alembic import op

from portal.core.database.script import statements

revision = "client_0020"
down_revision = "client_0019"
branch_labels = None
depends_on = None

# Until its pass has come to it, an hour reads as it was; who sent readings last comes first.
_UPGRADE = """
ALTER TABLE monitoring.hourly_energy
    DROP reset_count, DROP exchange_count, DROP meter_state, DROP meter_is_settled;
DELETE FROM monitoring.recompute_passes;
INSERT INTO monitoring.recompute_passes (device_id)
    SELECT d.id FROM monitoring.devices d ORDER BY (
        SELECT max(e.hour) FROM monitoring.hourly_energy e
        WHERE e.device_id = d.id
    ) DESC NULLS LAST, d.id;
"""
# The earlier release computes all of it again: an hour without a state is begun with by nothing.
_DOWNGRADE = """
ALTER TABLE monitoring.hourly_energy
    ADD reset_count smallint NOT NULL DEFAULT 0,
    ADD exchange_count smallint NOT NULL DEFAULT 0,
    ADD meter_state jsonb,
    ADD meter_is_settled boolean NOT NULL DEFAULT false;
DELETE FROM monitoring.recompute_passes;
INSERT INTO monitoring.recompute_passes (device_id)
    SELECT d.id FROM monitoring.devices d ORDER BY d.id;
"""


def upgrade() -> None:
    """Drop what the earlier rule kept, and ask for a pass of every meter."""
    for statement in statements(_UPGRADE):
        op.execute(statement)


def downgrade() -> None:
    """Make room for it again, and ask for the same."""
    for statement in statements(_DOWNGRADE):
        op.execute(statement)
