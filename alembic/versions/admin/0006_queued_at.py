"""Since when hours wait to be computed, so that an answer can say how far it goes: Admin."""

from alembic import op

revision = "admin_0006"
down_revision = "admin_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it; what waits already has waited since now."""
    op.execute("ALTER TABLE fleet.rollup_batches ADD COLUMN queued_at timestamptz NOT NULL DEFAULT now()")


def downgrade() -> None:
    """Forget it."""
    op.execute("ALTER TABLE fleet.rollup_batches DROP COLUMN queued_at")
