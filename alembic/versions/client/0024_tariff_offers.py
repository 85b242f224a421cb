"""Tariffs that the operator keeps and offers, and what was said to each: Client."""

from alembic import op

revision = "client_0024"
down_revision = "client_0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute(
        "CREATE TABLE app.tariff_offers ("
        "id uuid PRIMARY KEY, "
        "municipality varchar(200) NOT NULL, time_zone_id varchar(64) NOT NULL, "
        "source varchar(300) NOT NULL DEFAULT '', version varchar(20) NOT NULL, tariff jsonb NOT NULL, "
        "received_at timestamptz NOT NULL DEFAULT now(), is_withdrawn boolean NOT NULL DEFAULT false, "
        "answer varchar(10), answered_version varchar(20), answered_at timestamptz, "
        "answered_by varchar(254) NOT NULL DEFAULT '', "
        "tariff_id integer REFERENCES app.tariffs (id) ON UPDATE CASCADE ON DELETE SET NULL, replaced jsonb)"
    )


def downgrade() -> None:
    """Drop it: tariffs that were made of offers stay."""
    op.execute("DROP TABLE app.tariff_offers")
