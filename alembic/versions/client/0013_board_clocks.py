"""Clocks of boards that are wrong, or may be: Client."""

from alembic import op

revision = "client_0013"
down_revision = "client_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; it is empty while every clock is right."""
    op.execute(
        "CREATE TABLE monitoring.board_clocks ("
        " device_id uuid PRIMARY KEY REFERENCES monitoring.devices (id) ON DELETE CASCADE ON UPDATE CASCADE,"
        " skew interval, ahead_until timestamptz,"
        " late_since timestamptz, late_posts integer, late_least interval, late_most interval)"
    )


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE monitoring.board_clocks")
