"""How much of each customer an energy proof compared: Client."""

from alembic import op

revision = "client_0005"
down_revision = "client_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of proofs noted before, nobody knows."""
    op.execute("ALTER TABLE monitoring.energy_proofs ADD COLUMN customers jsonb")


def downgrade() -> None:
    """Drop it."""
    op.execute("ALTER TABLE monitoring.energy_proofs DROP COLUMN customers")
