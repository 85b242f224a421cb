"""Which language a person reads, and how they want numbers written."""

from alembic import op

revision = "shared_0010"
down_revision = "shared_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Everybody goes on in English."""
    op.execute(
        "ALTER TABLE app.users ADD COLUMN language varchar(10) NOT NULL DEFAULT 'en',"
        " ADD COLUMN locale varchar(10) NOT NULL DEFAULT 'en-ZA'"
    )


def downgrade() -> None:
    """Take it back."""
    op.execute("ALTER TABLE app.users DROP COLUMN locale, DROP COLUMN language")
