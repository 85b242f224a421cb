"""Meters above and below each other, and virtual ones: Admin."""

from alembic import op

revision = "admin_0015"
down_revision = "admin_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every meter is a bulk meter until its Client says otherwise."""
    op.execute(
        "ALTER TABLE fleet.devices"
        " ADD COLUMN parent_id uuid,"
        " ADD COLUMN kind varchar(10) NOT NULL DEFAULT 'bulk',"
        " ADD COLUMN formula jsonb,"
        " ADD CONSTRAINT devices_kind_check CHECK (kind = CASE WHEN formula IS NOT NULL THEN 'virtual'"
        " WHEN parent_id IS NOT NULL THEN 'sub' ELSE 'bulk' END)"
    )


def downgrade() -> None:
    """Forget what is above and below."""
    op.execute("ALTER TABLE fleet.devices DROP COLUMN parent_id, DROP COLUMN kind, DROP COLUMN formula")
