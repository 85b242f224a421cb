"""Panels about devices, which the dashboards of both run modes have. `whose` narrows each of them to a customer."""

from typing import Any

from grafana.parts import IS_LONG, IS_SHORT, STEP, bars, figure, lines, listed


class Devices:
    """SQL about the devices that are chosen; at the Admin those of the customer that is chosen."""

    def __init__(self, *, is_admin: bool) -> None:
        self._is_admin = is_admin

    def chosen(self, row: str) -> str:
        """The condition on rows of the chosen devices."""
        return f"{row}.device_id IN (${{device:sqlstring}})" + self.whose(row)

    def whose(self, row: str) -> str:
        """The condition on rows of the chosen customer; nothing at a Client, which has none."""
        return f" AND {row}.customer_id = ${{customer:sqlstring}}::uuid" if self._is_admin else ""

    def named(self, row: str) -> str:
        """The join that gives a row its device `d`."""
        same = f" AND d.customer_id = {row}.customer_id" if self._is_admin else ""
        return f"JOIN reporting.devices d ON d.id = {row}.device_id{same}"

    def over_time(self, of_reading: str, of_hour: str, metric: str = "d.site || ', ' || d.name") -> str:
        """A line for each device: an average of readings, and of hours where more than a week is shown."""
        return f"""
        SELECT date_bin('$__interval', r.time, 'epoch') AS "time", {metric} AS metric, {of_reading} AS value
        FROM reporting.readings r {self.named("r")}
        WHERE {self.chosen("r")} AND $__timeFilter(r.time) AND {IS_SHORT}
        GROUP BY 1, 2
        UNION ALL
        SELECT h.hour AS "time", {metric} AS metric, {of_hour} AS value
        FROM reporting.hours h {self.named("h")}
        WHERE {self.chosen("h")} AND $__timeFilter(h.hour) AND {IS_LONG}
        ORDER BY 1, 2
        """

    def by_phase(self, quantity: str, phases: str, unit: str) -> str:
        """A line for each phase, over all chosen devices."""
        return (
            "\nUNION ALL\n".join(
                f"""
            SELECT date_bin('$__interval', r.time, 'epoch') AS "time", '{phase.upper()}' AS metric,
            avg(r.{quantity}_{phase}_{unit}) AS value
            FROM reporting.readings r
            WHERE {self.chosen("r")} AND $__timeFilter(r.time) AND {IS_SHORT} GROUP BY 1
            UNION ALL
            SELECT h.hour AS "time", '{phase.upper()}' AS metric, avg(h.avg_{quantity}_{phase}_{unit}) AS value
            FROM reporting.hours h
            WHERE {self.chosen("h")} AND $__timeFilter(h.hour) AND {IS_LONG} GROUP BY 1
            """.strip()
                for phase in phases.split()
            )
            + "\nORDER BY 1, 2"
        )


def figures(devices: Devices) -> list[Any]:
    """Power now, energy, peak and power factor of the chosen devices."""
    return [
        figure(
            "Power now",
            "kwatt",
            f"""
            SELECT sum(latest.active_power_kw) AS value FROM (
            SELECT DISTINCT ON (r.device_id) r.device_id, r.active_power_kw FROM reporting.readings r
            WHERE {devices.chosen("r")} AND r.time > now() - interval '15 minutes' AND r.time <= now()
            AND r.active_power_kw IS NOT NULL ORDER BY r.device_id, r.time DESC) latest
            """,
            about="The sum of the latest readings of the last 15 minutes.",
        ),
        figure(
            "Energy",
            "kwatth",
            f"""
            SELECT sum(e.allocated_kwh) AS value FROM reporting.hourly_energy e
            WHERE {devices.chosen("e")} AND $__timeFilter(e.hour)
            """,
            about="What is billed, by the register, of the hours shown; energy of gaps is not in it.",
        ),
        figure(
            "Highest power",
            "kwatt",
            f"""
            SELECT max(h.max_active_power_kw) AS value FROM reporting.hours h
            WHERE {devices.chosen("h")} AND $__timeFilter(h.hour)
            """,
            about="The highest reading of one device in the hours shown.",
        ),
        figure(
            "Power factor",
            "none",
            f"""
            SELECT avg(h.avg_power_factor) AS value FROM reporting.hours h
            WHERE {devices.chosen("h")} AND $__timeFilter(h.hour)
            """,
            decimals=3,
        ),
    ]


def charts(devices: Devices) -> list[Any]:
    """Power, energy, voltages, currents, power factor and distortion over time."""
    return [
        lines(
            "Power",
            "kwatt",
            devices.over_time("avg(r.active_power_kw)", "h.avg_active_power_kw"),
            about="Averages of readings; of hours where more than a week is shown.",
            span=24,
        ),
        bars(
            "Energy",
            "kwatth",
            f"""
            SELECT date_trunc({STEP}, e.hour, 'UTC') AS "time", d.site || ', ' || d.name AS metric,
            sum(e.allocated_kwh) AS value
            FROM reporting.hourly_energy e {devices.named("e")}
            WHERE {devices.chosen("e")} AND $__timeFilter(e.hour)
            GROUP BY 1, 2 ORDER BY 1, 2
            """,
            about="By hour; by day of UTC where more than a week is shown.",
        ),
        bars(
            "Energy of gaps",
            "kwatth",
            f"""
            SELECT date_trunc({STEP}, e.hour, 'UTC') AS "time", d.site || ', ' || d.name AS metric,
            sum(e.unallocated_kwh) AS value
            FROM reporting.hourly_energy e {devices.named("e")}
            WHERE {devices.chosen("e")} AND $__timeFilter(e.hour) AND e.unallocated_kwh > 0
            GROUP BY 1, 2 ORDER BY 1, 2
            """,
            about="Energy whose hours are not known, where readings were missing for long: at the end of the gap.",
        ),
        lines("Voltage by phase", "volt", devices.by_phase("voltage", "l1 l2 l3", "v")),
        lines("Current by phase", "amp", devices.by_phase("current", "l1 l2 l3 n", "a")),
        lines("Power factor", "none", devices.over_time("avg(r.power_factor)", "h.avg_power_factor")),
        lines(
            "Distortion of the current",
            "percent",
            devices.over_time("avg(r.current_thd_percent)", "h.avg_current_thd_percent"),
        ),
    ]


def latest(devices: Devices) -> Any:
    """The chosen devices with what they showed last."""
    return listed(
        "Latest of each device",
        f"""
        SELECT d.site AS "Site", d.name AS "Device", last.time AS "Last hour",
        last.avg_active_power_kw AS "Power", last.last_energy_imported_kwh AS "Register"
        FROM reporting.devices d LEFT JOIN LATERAL (
        SELECT h.hour AS time, h.avg_active_power_kw, h.last_energy_imported_kwh FROM reporting.hours h
        WHERE h.device_id = d.id{devices.whose("h")} AND $__timeFilter(h.hour)
        ORDER BY h.hour DESC LIMIT 1) last ON true
        WHERE d.id IN (${{device:sqlstring}}){devices.whose("d")} ORDER BY 1, 2
        """,
        units={"Power": "kwatt", "Register": "kwatth", "Last hour": "dateTimeAsIso"},
    )
