"""How much of each customer an energy proof compared: Admin."""

from alembic import op

revision = "admin_0004"
down_revision = "admin_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of proofs noted before, nobody knows."""
    op.execute("ALTER TABLE fleet.energy_proofs ADD COLUMN customers jsonb")


def downgrade() -> None:
    """Drop it."""
    op.execute("ALTER TABLE fleet.energy_proofs DROP COLUMN customers")
