"""When the readings at the end of a register began to agree: Client."""

from alembic import op

revision = "client_0023"
down_revision = "client_0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of what was judged before, long ago."""
    op.execute("ALTER TABLE monitoring.meter_heads ADD COLUMN run_since timestamptz")


def downgrade() -> None:
    """The earlier release takes the instant of its last judging."""
    op.execute("ALTER TABLE monitoring.meter_heads DROP COLUMN run_since")
