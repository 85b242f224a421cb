"""Readings lie narrow: whole numbers under small keys; `power_measurements` is a view of them: Client."""

from alembic import op

from portal.core.database.script import statements

revision = "client_0014"
down_revision = "client_0013"
branch_labels = None
depends_on = None

# Name, decimals and words of each quantity, in the view's order.
_QUANTITIES = (
    ("active_power_kw", 4, "active power, kW"),
    ("reactive_power_kvar", 4, "reactive power, kvar"),
    ("apparent_power_kva", 4, "apparent power, kVA"),
    ("power_factor", 4, "power factor"),
    ("voltage_v", 2, "voltage, V"),
    ("frequency_hz", 3, "frequency, Hz"),
    ("energy_imported_kwh", 6, "energy imported, kWh"),
    ("energy_exported_kwh", 6, "energy exported, kWh"),
    ("reactive_energy_imported_kvarh", 6, "reactive energy imported, kvarh"),
    ("reactive_energy_exported_kvarh", 6, "reactive energy exported, kvarh"),
    ("apparent_energy_kvah", 6, "apparent energy, kVAh"),
    ("voltage_l1_v", 2, "voltage of phase 1, V"),
    ("voltage_l2_v", 2, "voltage of phase 2, V"),
    ("voltage_l3_v", 2, "voltage of phase 3, V"),
    ("current_l1_a", 3, "current of phase 1, A"),
    ("current_l2_a", 3, "current of phase 2, A"),
    ("current_l3_a", 3, "current of phase 3, A"),
    ("current_n_a", 3, "current of the neutral, A"),
    ("active_power_l1_kw", 4, "active power of phase 1, kW"),
    ("active_power_l2_kw", 4, "active power of phase 2, kW"),
    ("active_power_l3_kw", 4, "active power of phase 3, kW"),
    ("power_factor_l1", 4, "power factor of phase 1"),
    ("power_factor_l2", 4, "power factor of phase 2"),
    ("power_factor_l3", 4, "power factor of phase 3"),
    ("voltage_thd_percent", 2, "harmonic distortion of the voltage, %"),
    ("current_thd_percent", 2, "harmonic distortion of the current, %"),
    ("voltage_unbalance_percent", 2, "unbalance of the voltages, %"),
    ("current_unbalance_percent", 2, "unbalance of the currents, %"),
    ("active_demand_kw", 4, "active demand, kW"),
    ("apparent_demand_kva", 4, "apparent demand, kVA"),
)
# Those that the wide row had.
_OF_WIDE = tuple(name for name, *_ in _QUANTITIES[:8])

_TABLES = """
CREATE TABLE monitoring.reading_sources (id integer PRIMARY KEY, name varchar(50) NOT NULL UNIQUE);
CREATE TABLE monitoring.moved_weeks (
    customer integer NOT NULL,
    week timestamptz NOT NULL,
    readings bigint NOT NULL,
    left_out bigint NOT NULL,
    PRIMARY KEY (customer, week)
);
CREATE TABLE monitoring.reading_conflicts (
    customer integer NOT NULL,
    meter integer NOT NULL,
    time timestamptz NOT NULL,
    quantity smallint NOT NULL,
    value bigint NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer, meter, time, quantity, value)
);
CREATE TABLE app.push_conflicts (
    meter integer NOT NULL,
    time timestamptz NOT NULL,
    quantity smallint NOT NULL,
    value bigint NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    PRIMARY KEY (meter, time, quantity, value)
);
CREATE TABLE monitoring.readings (
    time timestamptz NOT NULL,
    customer integer NOT NULL,
    meter integer NOT NULL,
    energy_imported_kwh bigint,
    energy_exported_kwh bigint,
    reactive_energy_imported_kvarh bigint,
    reactive_energy_exported_kvarh bigint,
    apparent_energy_kvah bigint,
    active_power_kw integer,
    reactive_power_kvar integer,
    apparent_power_kva integer,
    voltage_v integer,
    frequency_hz integer,
    voltage_l1_v integer,
    voltage_l2_v integer,
    voltage_l3_v integer,
    current_l1_a integer,
    current_l2_a integer,
    current_l3_a integer,
    current_n_a integer,
    active_power_l1_kw integer,
    active_power_l2_kw integer,
    active_power_l3_kw integer,
    voltage_thd_percent integer,
    current_thd_percent integer,
    active_demand_kw integer,
    apparent_demand_kva integer,
    source integer,
    received integer,
    power_factor smallint,
    power_factor_l1 smallint,
    power_factor_l2 smallint,
    power_factor_l3 smallint,
    voltage_unbalance_percent smallint,
    current_unbalance_percent smallint,
    PRIMARY KEY (customer, meter, time)
) PARTITION BY RANGE (time);
"""

_FIGURES = ", ".join(f"r.{name} / {10**decimals}::float8 AS {name}" for name, decimals, _ in _QUANTITIES)
_RECEIVED_AT = "TIMESTAMPTZ '2000-01-01 00:00:00+00' + make_interval(secs => r.received)"
_NARROW = f"""
SELECT r.time, d.id AS device_id, {_FIGURES}, s.name AS source, {_RECEIVED_AT} AS received_at
FROM monitoring.readings r LEFT JOIN monitoring.devices d ON d.customer = r.customer AND d.meter = r.meter
LEFT JOIN monitoring.reading_sources s ON s.id = r.source
"""
_WIDE_FIGURES = ", ".join(f"w.{name}" if name in _OF_WIDE else "NULL::float8" for name, *_ in _QUANTITIES)
_WIDE = f"""
SELECT w.time, w.device_id, {_WIDE_FIGURES}, w.source, date_trunc('second', w.received_at)
FROM monitoring.power_measurements_wide w
"""
_OF_DEVICE = """ WHERE r.customer = (SELECT own.customer FROM monitoring.devices own WHERE own.id = device)
AND r.meter = (SELECT own.meter FROM monitoring.devices own WHERE own.id = device)
"""
_FUNCTION = """
CREATE FUNCTION monitoring.readings_of(device uuid) RETURNS SETOF monitoring.power_measurements
LANGUAGE sql STABLE AS $$ {body} $$
"""
_COMMENTS = {
    "time": "when it was measured",
    "device_id": "the device",
    "received_at": "when it came, to the second",
}


# Views that are bound to the table by its number, not by its name; whoever serves next makes them again.
# Of a release before those, a continuous aggregate has the name of the view, and stays.
_LET_GO = """
DO $do$
DECLARE
    is_aggregate boolean;
    view text;
BEGIN
    FOREACH view IN ARRAY ARRAY['hourly_per_device'] LOOP
        is_aggregate := false;
        IF to_regclass('timescaledb_information.continuous_aggregates') IS NOT NULL THEN
            EXECUTE 'SELECT EXISTS (SELECT 1 FROM timescaledb_information.continuous_aggregates '
                'WHERE view_schema = ''monitoring'' AND view_name = $1)' INTO is_aggregate USING view;
        END IF;
        IF NOT is_aggregate THEN
            EXECUTE format('DROP VIEW IF EXISTS monitoring.%I', view);
        END IF;
    END LOOP;
END $do$
"""


# Readings under their small keys, for the product itself, and when those were measured that are still to be moved:
# whoever begins to move readings has both tell of them.
_NAMES = ", ".join(f"r.{name}" for name, *_ in _QUANTITIES)
_OWN_VIEWS = (
    f"""
CREATE VIEW monitoring.stored_readings AS
SELECT r.time, r.customer, r.meter, {_NAMES}, s.name AS source, r.received
FROM monitoring.readings r LEFT JOIN monitoring.reading_sources s ON s.id = r.source
""",
    """
CREATE VIEW monitoring.wide_times AS
SELECT NULL::timestamptz AS time, NULL::uuid AS device_id WHERE false
""",
)


# The same by one meter: the last up to an instant, and the first from one on that show what was imported. While they
# lie in two tables, each of these is asked by itself: together they would not be found by an index.
_STORED = f"""
SELECT r.time, r.customer, r.meter, {_NAMES}, s.name AS source, r.received
FROM monitoring.readings r LEFT JOIN monitoring.reading_sources s ON s.id = r.source
WHERE r.customer = of_customer AND r.meter = of_meter"""
_OWN_FUNCTIONS = (
    f"""
CREATE FUNCTION monitoring.last_stored(of_customer integer, of_meter integer, until timestamptz)
RETURNS SETOF monitoring.stored_readings LANGUAGE sql STABLE AS $$
{_STORED} AND r.time <= until ORDER BY r.time DESC LIMIT 1
$$
""",
    f"""
CREATE FUNCTION monitoring.next_imported(of_customer integer, of_meter integer, since timestamptz, most integer)
RETURNS SETOF monitoring.stored_readings LANGUAGE sql STABLE AS $$
{_STORED} AND r.energy_imported_kwh IS NOT NULL AND r.time >= since ORDER BY r.time LIMIT most
$$
""",
)


def upgrade() -> None:
    """Make the narrow tables; what lies in the wide one stays there, and shows in the view, until it is moved."""
    op.execute(_LET_GO)
    op.execute("ALTER TABLE monitoring.power_measurements RENAME TO power_measurements_wide")
    for statement in statements(_TABLES):
        op.execute(statement)
    is_filled = (
        op.get_bind()
        .exec_driver_sql("SELECT EXISTS (SELECT 1 FROM monitoring.power_measurements_wide)")
        .scalar()
    )
    if not is_filled:
        op.execute("DROP TABLE monitoring.power_measurements_wide CASCADE")
    _make_view(is_filled=bool(is_filled))
    for statement in (*_OWN_VIEWS, *_OWN_FUNCTIONS):
        op.execute(statement)


def _make_view(*, is_filled: bool) -> None:
    wide = (
        (f" UNION ALL {_WIDE}", f" UNION ALL {_WIDE} WHERE w.device_id = device") if is_filled else ("", "")
    )
    op.execute(f"CREATE VIEW monitoring.power_measurements AS {_NARROW}{wide[0]}")
    op.execute(_FUNCTION.format(body=f"{_NARROW}{_OF_DEVICE}{wide[1]}"))
    words = (
        _COMMENTS
        | {name: words for name, _, words in _QUANTITIES}
        | {"source": "what the board calls itself"}
    )
    for name, said in words.items():
        op.execute(
            f"COMMENT ON COLUMN monitoring.power_measurements.{name} IS '{said.replace(chr(39), 2 * chr(39))}'"
        )
    op.execute(
        "COMMENT ON VIEW monitoring.power_measurements IS 'readings, in the units that their columns name'"
    )


_WIDE_TABLE = """
CREATE TABLE monitoring.power_measurements (
    time timestamptz NOT NULL,
    device_id uuid NOT NULL REFERENCES monitoring.devices (id),
    active_power_kw double precision,
    reactive_power_kvar double precision,
    apparent_power_kva double precision,
    power_factor double precision,
    voltage_v double precision,
    frequency_hz double precision,
    energy_imported_kwh double precision,
    energy_exported_kwh double precision,
    source varchar(50),
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (time, device_id)
) PARTITION BY RANGE (time);
CREATE INDEX ix_monitoring_power_measurements_received_at ON monitoring.power_measurements
    (received_at, time, device_id);
CREATE INDEX ix_monitoring_power_measurements_device_time ON monitoring.power_measurements (device_id, time DESC);
"""
_HYPERTABLE = """
SELECT create_hypertable('monitoring.power_measurements', by_range('time', interval '7 days'),
    create_default_indexes => false);
ALTER TABLE monitoring.power_measurements SET (timescaledb.compress, timescaledb.compress_segmentby = 'device_id',
    timescaledb.compress_orderby = 'time DESC');
"""
# Weeks begin on Mondays; one partition for each that has readings.
_WEEKS = """
DO $do$
DECLARE
    week timestamptz;
BEGIN
    FOR week IN SELECT DISTINCT date_trunc('week', time, 'UTC') FROM monitoring.power_measurements_wide LOOP
        EXECUTE format(
            'CREATE TABLE monitoring.power_measurements_%s PARTITION OF monitoring.power_measurements '
                'FOR VALUES FROM (%L) TO (%L)',
            to_char(week AT TIME ZONE 'UTC', 'YYYYMMDD'), week, week + interval '7 days'
        );
    END LOOP;
END $do$
"""


def downgrade() -> None:
    """Write every reading wide again, as far as a wide row has columns for it."""
    op.execute(_LET_GO)
    op.execute("DROP FUNCTION monitoring.last_stored, monitoring.next_imported")
    op.execute("DROP VIEW monitoring.stored_readings, monitoring.wide_times")
    op.execute("DROP FUNCTION monitoring.readings_of")
    op.execute(
        "CREATE TABLE monitoring.power_measurements_kept AS SELECT * FROM monitoring.power_measurements"
    )
    op.execute("DROP VIEW monitoring.power_measurements")
    # What was not moved yet was in the view as well.
    op.execute("DROP TABLE IF EXISTS monitoring.power_measurements_wide CASCADE")
    op.execute("ALTER TABLE monitoring.power_measurements_kept RENAME TO power_measurements_wide")
    kind = "SELECT relkind::text FROM pg_class WHERE oid = 'monitoring.readings'::regclass"
    is_hypertable = op.get_bind().exec_driver_sql(kind).scalar() == "r"
    for statement in statements(
        _WIDE_TABLE.replace(" PARTITION BY RANGE (time)", "") if is_hypertable else _WIDE_TABLE
    ):
        op.execute(statement)
    for statement in statements(_HYPERTABLE) if is_hypertable else (_WEEKS,):
        op.execute(statement)
    # The earlier release finds them by the very instant.
    op.execute("UPDATE app.push_outbox SET received_at = date_trunc('second', received_at)")
    columns = ", ".join(("time", "device_id", *_OF_WIDE, "source", "received_at"))
    kept = f"SELECT {columns} FROM monitoring.power_measurements_wide"
    op.execute(f"INSERT INTO monitoring.power_measurements ({columns}) {kept}")
    op.execute("DROP TABLE app.push_conflicts")
    for table in (
        "power_measurements_wide",
        "readings",
        "reading_conflicts",
        "reading_sources",
        "moved_weeks",
    ):
        op.execute(f"DROP TABLE monitoring.{table} CASCADE")
