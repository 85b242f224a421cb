"""The colour mode a brand starts in."""

from alembic import op

revision = "shared_0003"
down_revision = "shared_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a brand saved before follows each visitor's device, as it did."""
    op.execute(
        "ALTER TABLE app.branding ADD COLUMN appearance varchar(10) NOT NULL DEFAULT 'system' "
        "CHECK (appearance IN ('system', 'light', 'dark'))"
    )


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE app.branding DROP COLUMN appearance")
