"""The dashboards: `power-overview` at a Client, `fleet-overview` and `customer-drilldown` at the Admin."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.of_devices import Devices, charts, figures, latest
from grafana.parts import bars, choice, dashboard, figure, lines, listed


def power_overview() -> Dashboard:
    """A Client's devices, one or several."""
    devices = Devices(is_admin=False)
    chosen = choice(
        "device",
        "Device",
        """
        SELECT site || ', ' || name AS __text, id::text AS __value FROM reporting.devices
        WHERE is_active ORDER BY 1
        """,
    )
    panels = [*figures(devices), *charts(devices), latest(devices)]
    return dashboard("power-overview", "Power", "Power, energy and quality by device.", panels, [chosen])


def customer_drilldown() -> Dashboard:
    """One customer's devices, as the Admin has them."""
    devices = Devices(is_admin=True)
    customer = choice(
        "customer",
        "Customer",
        "SELECT name AS __text, customer_id::text AS __value FROM reporting.customers ORDER BY 1",
        is_many=False,
    )
    chosen = choice(
        "device",
        "Device",
        """
        SELECT site || ', ' || name AS __text, id::text AS __value FROM reporting.devices
        WHERE customer_id = ${customer:sqlstring}::uuid AND is_active ORDER BY 1
        """,
    )
    panels = [
        *figures(devices),
        *charts(devices),
        latest(devices),
        _batches("b.customer_id = ${customer:sqlstring}::uuid"),
    ]
    return dashboard(
        "customer-drilldown",
        "Customer",
        "Power, energy and quality of one customer, and what it pushed.",
        panels,
        [customer, chosen],
    )


def fleet_overview() -> Dashboard:
    """All customers: who is alive, how much energy, what was refused."""
    return dashboard(
        "fleet-overview",
        "Fleet",
        "Customers, their power and energy, and what they push.",
        [*_fleet_figures(), *_fleet_charts(), _customers(), _batches("b.rows_rejected > 0")],
        [],
    )


def _fleet_figures() -> list[object]:
    return [
        figure(
            "Customers",
            "none",
            "SELECT count(*) AS value FROM reporting.customers WHERE is_active",
            decimals=0,
        ),
        figure(
            "Pushed within the hour",
            "none",
            """
            SELECT count(*) AS value FROM reporting.customers
            WHERE is_active AND last_seen_at > now() - interval '1 hour'
            """,
            decimals=0,
        ),
        figure(
            "Energy",
            "kwatth",
            "SELECT sum(e.allocated_kwh) AS value FROM reporting.hourly_energy e WHERE $__timeFilter(e.hour)",
            about="What is billed, by the register, of the hours shown.",
        ),
        figure(
            "Rows refused",
            "none",
            "SELECT sum(b.rows_rejected) AS value FROM reporting.batches b WHERE $__timeFilter(b.received_at)",
            decimals=0,
        ),
    ]


def _fleet_charts() -> list[object]:
    return [
        lines(
            "Power by customer",
            "kwatt",
            """
            SELECT h.hour AS "time", c.name AS metric, sum(h.avg_active_power_kw) AS value
            FROM reporting.hours h JOIN reporting.customers c ON c.customer_id = h.customer_id
            WHERE $__timeFilter(h.hour) GROUP BY 1, 2 ORDER BY 1, 2
            """,
            about="Averages of hours, of all devices of a customer.",
            span=24,
        ),
        bars(
            "Energy by customer",
            "kwatth",
            """
            SELECT e.day::timestamp AT TIME ZONE 'UTC' AS "time", c.name AS metric, sum(e.allocated_kwh) AS value
            FROM reporting.daily_energy e JOIN reporting.customers c ON c.customer_id = e.customer_id
            WHERE $__timeFilter(e.day::timestamp AT TIME ZONE 'UTC') GROUP BY 1, 2 ORDER BY 1, 2
            """,
            about="By day of UTC.",
        ),
        bars(
            "Rows received",
            "none",
            """
            SELECT date_bin('$__interval', b.received_at, 'epoch') AS "time", c.name AS metric,
            sum(b.rows_accepted) AS value
            FROM reporting.batches b JOIN reporting.customers c ON c.customer_id = b.customer_id
            WHERE $__timeFilter(b.received_at) GROUP BY 1, 2 ORDER BY 1, 2
            """,
            about="Rows of batches that were taken, duplicates not counted.",
        ),
    ]


def _customers() -> object:
    return listed(
        "Customers",
        """
        SELECT c.code AS "Code", c.name AS "Name", c.last_seen_at AS "Last seen",
        (SELECT count(*) FROM reporting.devices d WHERE d.customer_id = c.customer_id AND d.is_active) AS "Devices",
        (SELECT sum(e.allocated_kwh) FROM reporting.hourly_energy e
        WHERE e.customer_id = c.customer_id AND $__timeFilter(e.hour)) AS "Energy"
        FROM reporting.customers c WHERE c.is_active ORDER BY c.last_seen_at NULLS FIRST
        """,
        units={"Energy": "kwatth", "Last seen": "dateTimeFromNow"},
        about="Those that were silent for longest first.",
    )


def _batches(condition: str) -> object:
    return listed(
        "Batches",
        f"""
        SELECT b.received_at AS "Received", c.name AS "Customer", b.batch_type AS "Type",
        b.rows_accepted AS "Accepted", b.rows_rejected AS "Refused", b.batch_bytes AS "Size", b.error AS "Reason"
        FROM reporting.batches b JOIN reporting.customers c ON c.customer_id = b.customer_id
        WHERE {condition} AND $__timeFilter(b.received_at) ORDER BY b.received_at DESC LIMIT 200
        """,
        units={"Size": "bytes", "Received": "dateTimeAsIso"},
    )
