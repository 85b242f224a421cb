"""Why batches did not land, also with tokens that are nobody's, and hours and days over all customers: Admin."""

from alembic import op

revision = "admin_0020"
down_revision = "admin_0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is known of what was refused before; a previous token counts as ended once it is replaced."""
    # Over all customers an hour and a day are found by these: their keys begin with the customer.
    op.execute("CREATE INDEX ix_fleet_hourly_energy_hour ON fleet.hourly_energy (hour)")
    op.execute("CREATE INDEX ix_fleet_daily_energy_day ON fleet.daily_energy (day)")
    op.execute(
        "ALTER TABLE fleet.ingest_events ADD COLUMN status smallint, ADD COLUMN problems varchar(4000)"
    )
    op.execute(
        "CREATE TABLE fleet.ended_tokens ("
        " token_hash varchar(64) PRIMARY KEY,"
        " customer_id uuid NOT NULL REFERENCES fleet.customers (id) ON DELETE CASCADE,"
        " ended_at timestamptz NOT NULL)"
    )
    op.execute("CREATE INDEX ix_fleet_ended_tokens_customer_id ON fleet.ended_tokens (customer_id)")
    op.execute(
        "CREATE TABLE fleet.push_refusals ("
        " customer_id uuid NOT NULL REFERENCES fleet.customers (id) ON DELETE CASCADE,"
        " batch_type varchar(20) NOT NULL,"
        " status smallint NOT NULL,"
        " reason varchar(500) NOT NULL,"
        " first_at timestamptz NOT NULL DEFAULT now(),"
        " last_at timestamptz NOT NULL DEFAULT now(),"
        " refused integer NOT NULL DEFAULT 1,"
        " token_last4 varchar(4) NOT NULL DEFAULT '',"
        " PRIMARY KEY (customer_id, batch_type))"
    )
    op.execute(
        "CREATE TABLE fleet.unknown_pushes ("
        " address varchar(64) NOT NULL,"
        " token_length integer NOT NULL,"
        " token_last4 varchar(4) NOT NULL,"
        " batch_type varchar(20) NOT NULL,"
        " first_at timestamptz NOT NULL DEFAULT now(),"
        " last_at timestamptz NOT NULL DEFAULT now(),"
        " pushes integer NOT NULL DEFAULT 1,"
        " PRIMARY KEY (address, token_length, token_last4))"
    )


def downgrade() -> None:
    """Forget it again."""
    for index in ("ix_fleet_hourly_energy_hour", "ix_fleet_daily_energy_day"):
        op.execute(f"DROP INDEX fleet.{index}")
    for table in ("unknown_pushes", "push_refusals", "ended_tokens"):
        op.execute(f"DROP TABLE fleet.{table}")
    op.execute("ALTER TABLE fleet.ingest_events DROP COLUMN status, DROP COLUMN problems")
