"""Days of a customer are those of its bulk meters: Admin."""

from alembic import op

revision = "admin_0016"
down_revision = "admin_0015"
branch_labels = None
depends_on = None

# Every start makes the view anew where it is missing, with the function it asks. Of a release before the views a
# continuous aggregate has its name, and stays.
_LET_GO = """
DO $do$
DECLARE
    is_aggregate boolean := false;
BEGIN
    IF to_regclass('timescaledb_information.continuous_aggregates') IS NOT NULL THEN
        EXECUTE 'SELECT EXISTS (SELECT 1 FROM timescaledb_information.continuous_aggregates '
            'WHERE view_schema = ''fleet'' AND view_name = ''daily_per_customer'')' INTO is_aggregate;
    END IF;
    IF NOT is_aggregate THEN
        DROP VIEW IF EXISTS fleet.daily_per_customer;
    END IF;
END $do$
"""


def upgrade() -> None:
    """Let go of the view that adds up all meters."""
    op.execute(_LET_GO)


def downgrade() -> None:
    """The release of before makes its own view in the same way."""
    op.execute(_LET_GO)
