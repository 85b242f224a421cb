"""Customers and everything they push: Admin."""

from alembic import op

from portal.core.database.script import statements

revision = "admin_0001"
down_revision = None
branch_labels = ("admin",)
depends_on = "shared_0001"

REGISTER = """
CREATE TABLE fleet.customers (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    code varchar(50) NOT NULL UNIQUE,
    name varchar(200) NOT NULL,
    token_hash varchar(64) NOT NULL UNIQUE,
    token_issued_at timestamptz NOT NULL DEFAULT now(),
    token_rotated_at timestamptz,
    previous_token_hash varchar(64),
    previous_token_expires_at timestamptz,
    is_active boolean NOT NULL DEFAULT true,
    first_seen_at timestamptz,
    last_seen_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX ux_fleet_customers_code_lower ON fleet.customers (lower(code));
CREATE INDEX ix_fleet_customers_previous_token_hash ON fleet.customers (previous_token_hash);
CREATE TABLE fleet.sites (
    customer_id uuid NOT NULL REFERENCES fleet.customers (id),
    id uuid NOT NULL,
    name varchar(200) NOT NULL,
    address varchar(500) NOT NULL DEFAULT '',
    is_active boolean NOT NULL DEFAULT true,
    local_municipality_id integer,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, id)
);
CREATE TABLE fleet.devices (
    customer_id uuid NOT NULL REFERENCES fleet.customers (id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    name varchar(200) NOT NULL,
    external_id varchar(100) NOT NULL,
    description varchar(500) NOT NULL DEFAULT '',
    max_power_kw numeric(12, 3),
    is_active boolean NOT NULL DEFAULT true,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, id),
    FOREIGN KEY (customer_id, site_id) REFERENCES fleet.sites (customer_id, id)
);
CREATE TABLE fleet.municipalities (
    customer_id uuid NOT NULL REFERENCES fleet.customers (id),
    id integer NOT NULL,
    name varchar(200) NOT NULL,
    time_zone_id varchar(64) NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, id)
);
CREATE TABLE fleet.tariffs (
    customer_id uuid NOT NULL REFERENCES fleet.customers (id),
    id integer NOT NULL,
    municipality_id integer NOT NULL,
    name varchar(200) NOT NULL,
    effective_from date NOT NULL,
    effective_to date,
    default_rate_per_kwh numeric(16, 6) NOT NULL,
    fixed_monthly_charge numeric(16, 6) NOT NULL DEFAULT 0,
    vat_rate numeric(8, 6) NOT NULL DEFAULT 0,
    currency varchar(3),
    is_active boolean NOT NULL DEFAULT true,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, id),
    FOREIGN KEY (customer_id, municipality_id) REFERENCES fleet.municipalities (customer_id, id)
);
CREATE TABLE fleet.tariff_seasons (
    customer_id uuid NOT NULL,
    tariff_id integer NOT NULL,
    place smallint NOT NULL,
    name varchar(100) NOT NULL,
    first_day varchar(5) NOT NULL,
    last_day varchar(5) NOT NULL,
    default_rate_per_kwh numeric(16, 6) NOT NULL,
    PRIMARY KEY (customer_id, tariff_id, place),
    FOREIGN KEY (customer_id, tariff_id) REFERENCES fleet.tariffs (customer_id, id) ON DELETE CASCADE
);
CREATE TABLE fleet.tariff_holidays (
    customer_id uuid NOT NULL,
    tariff_id integer NOT NULL,
    on_date date NOT NULL,
    name varchar(200) NOT NULL,
    day_type varchar(10) NOT NULL CHECK (day_type IN ('saturday', 'sunday', 'holiday')),
    PRIMARY KEY (customer_id, tariff_id, on_date),
    FOREIGN KEY (customer_id, tariff_id) REFERENCES fleet.tariffs (customer_id, id) ON DELETE CASCADE
);
CREATE TABLE fleet.tariff_periods (
    customer_id uuid NOT NULL,
    id integer NOT NULL,
    tariff_id integer NOT NULL,
    name varchar(100) NOT NULL,
    season smallint,
    days_of_week integer NOT NULL CHECK (days_of_week BETWEEN 1 AND 255),
    start_time time NOT NULL,
    end_time time NOT NULL,
    rate_per_kwh numeric(16, 6) NOT NULL,
    PRIMARY KEY (customer_id, id),
    FOREIGN KEY (customer_id, tariff_id) REFERENCES fleet.tariffs (customer_id, id) ON DELETE CASCADE,
    FOREIGN KEY (customer_id, tariff_id, season)
        REFERENCES fleet.tariff_seasons (customer_id, tariff_id, place) ON DELETE CASCADE
);
CREATE INDEX ix_fleet_tariff_periods_tariff ON fleet.tariff_periods (customer_id, tariff_id);
"""

READINGS = """
CREATE TABLE fleet.power_measurements (
    time timestamptz NOT NULL,
    customer_id uuid NOT NULL,
    device_id uuid NOT NULL,
    active_power_kw double precision,
    reactive_power_kvar double precision,
    apparent_power_kva double precision,
    power_factor double precision,
    voltage_v double precision,
    frequency_hz double precision,
    energy_imported_kwh double precision,
    energy_exported_kwh double precision,
    source varchar(50),
    PRIMARY KEY (time, customer_id, device_id),
    FOREIGN KEY (customer_id, device_id) REFERENCES fleet.devices (customer_id, id)
) PARTITION BY RANGE (time);
CREATE INDEX ix_fleet_power_measurements_customer_time ON fleet.power_measurements (customer_id, time DESC);
CREATE INDEX ix_fleet_power_measurements_device_time ON fleet.power_measurements (customer_id, device_id, time DESC);
CREATE TABLE fleet.hourly_energy (
    customer_id uuid NOT NULL,
    device_id uuid NOT NULL,
    hour timestamptz NOT NULL,
    allocated_milliwh bigint NOT NULL DEFAULT 0,
    unallocated_milliwh bigint NOT NULL DEFAULT 0,
    estimated_milliwh bigint NOT NULL DEFAULT 0,
    suspect_count integer NOT NULL DEFAULT 0,
    reset_count smallint NOT NULL DEFAULT 0,
    exchange_count smallint NOT NULL DEFAULT 0,
    meter_state jsonb,
    meter_is_settled boolean NOT NULL DEFAULT false,
    PRIMARY KEY (customer_id, device_id, hour),
    FOREIGN KEY (customer_id, device_id) REFERENCES fleet.devices (customer_id, id)
);
CREATE INDEX ix_fleet_hourly_energy_customer_hour ON fleet.hourly_energy (customer_id, hour);
CREATE TABLE fleet.daily_energy (
    customer_id uuid NOT NULL,
    device_id uuid NOT NULL,
    day date NOT NULL,
    allocated_milliwh bigint NOT NULL,
    unallocated_milliwh bigint NOT NULL,
    estimated_milliwh bigint NOT NULL,
    suspect_count integer NOT NULL,
    PRIMARY KEY (customer_id, device_id, day),
    FOREIGN KEY (customer_id, device_id) REFERENCES fleet.devices (customer_id, id)
);
CREATE INDEX ix_fleet_daily_energy_customer_day ON fleet.daily_energy (customer_id, day);
CREATE TABLE fleet.rollup_queue (
    customer_id uuid NOT NULL,
    device_id uuid NOT NULL,
    hour timestamptz NOT NULL,
    first_at timestamptz NOT NULL DEFAULT '-infinity'
);
CREATE TABLE fleet.refresh_lock ();
CREATE TABLE fleet.energy_proofs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    checked_at timestamptz NOT NULL,
    meter_count integer NOT NULL,
    day_count integer NOT NULL,
    differences jsonb NOT NULL
);
CREATE TABLE fleet.push_reports (
    customer_id uuid PRIMARY KEY REFERENCES fleet.customers (id) ON DELETE CASCADE,
    reported_at timestamptz NOT NULL DEFAULT now(),
    waiting_rows bigint NOT NULL,
    refused_rows bigint NOT NULL,
    given_up_rows bigint NOT NULL,
    oldest_at timestamptz,
    drain_seconds bigint NOT NULL
);
CREATE TABLE fleet.ingest_events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    customer_id uuid NOT NULL REFERENCES fleet.customers (id),
    received_at timestamptz NOT NULL DEFAULT now(),
    batch_type varchar(20) NOT NULL,
    rows_accepted integer NOT NULL DEFAULT 0,
    rows_rejected integer NOT NULL DEFAULT 0,
    batch_bytes integer NOT NULL DEFAULT 0,
    client_hwm varchar(50),
    time_spread interval,
    error varchar(500)
);
CREATE INDEX ix_fleet_ingest_events_customer_received ON fleet.ingest_events (customer_id, received_at DESC);
"""


def upgrade() -> None:
    """Create the schema and its tables."""
    op.execute("CREATE SCHEMA fleet")
    for statement in statements(REGISTER, READINGS):
        op.execute(statement)


def downgrade() -> None:
    """Drop everything the customers pushed."""
    op.execute("DROP SCHEMA fleet CASCADE")
