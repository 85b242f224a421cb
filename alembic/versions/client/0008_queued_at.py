"""Since when hours wait to be computed, so that an answer can say how far it goes: Client."""

from alembic import op

revision = "client_0008"
down_revision = "client_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it; what waits already has waited since now."""
    op.execute(
        "ALTER TABLE monitoring.rollup_batches ADD COLUMN queued_at timestamptz NOT NULL DEFAULT now()"
    )


def downgrade() -> None:
    """Forget it."""
    op.execute("ALTER TABLE monitoring.rollup_batches DROP COLUMN queued_at")
