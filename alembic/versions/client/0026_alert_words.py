"""An alert keeps how its words were said, for whoever reads them in another language."""

from alembic import op

revision = "client_0026"
down_revision = "client_0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Alerts of before stay in English."""
    op.execute("ALTER TABLE app.alerts ADD COLUMN said text NOT NULL DEFAULT ''")


def downgrade() -> None:
    """Take it back."""
    op.execute("ALTER TABLE app.alerts DROP COLUMN said")
