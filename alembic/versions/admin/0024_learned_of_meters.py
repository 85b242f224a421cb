"""What the readings of a meter have taught its Client, and when those at its end began to agree: Admin."""

from alembic import op

revision = "admin_0024"
down_revision = "admin_0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Until a Client says so, the Admin goes by what it learns itself. What was judged before began long ago."""
    op.execute("ALTER TABLE fleet.devices ADD COLUMN learned jsonb")
    op.execute("ALTER TABLE fleet.meter_heads ADD COLUMN run_since timestamptz")


def downgrade() -> None:
    """The earlier release learns itself."""
    op.execute("ALTER TABLE fleet.meter_heads DROP COLUMN run_since")
    op.execute("ALTER TABLE fleet.devices DROP COLUMN learned")
