"""Tariffs of municipalities that the operator keeps once for all customers."""

from alembic import op

revision = "admin_0025"
down_revision = "admin_0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute(
        "CREATE TABLE fleet.tariff_editions ("
        "id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "
        "municipality varchar(200) NOT NULL, time_zone_id varchar(64) NOT NULL, "
        "source varchar(300) NOT NULL DEFAULT '', version varchar(20) NOT NULL, tariff jsonb NOT NULL, "
        "name varchar(200) NOT NULL, effective_from date NOT NULL, "
        "is_published boolean NOT NULL DEFAULT false, changed_at timestamptz NOT NULL DEFAULT now(), "
        "UNIQUE (municipality, name, effective_from))"
    )


def downgrade() -> None:
    """Drop it: what customers took over of it they keep."""
    op.execute("DROP TABLE fleet.tariff_editions")
