"""The batches that nobody answered yet, and the mark that was taken over from the Admin: Client."""

from alembic import op

revision = "client_0007"
down_revision = "client_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both; of batches that are under way nothing is known."""
    op.execute(
        "ALTER TABLE app.push_epoch ADD COLUMN unanswered text[] NOT NULL DEFAULT '{}', "
        "ADD COLUMN taken_over bigint NOT NULL DEFAULT 0"
    )


def downgrade() -> None:
    """Forget both."""
    op.execute("ALTER TABLE app.push_epoch DROP COLUMN unanswered, DROP COLUMN taken_over")
