"""Where each run mode keeps its readings: the same statements serve both."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.settings import RunMode


@dataclass(frozen=True)
class Layout:
    """Schema and key columns of a mode's readings; `keys` identify a meter."""

    schema: str
    keys: tuple[str, ...]

    @property
    def has_customers(self) -> bool:
        """Whether meters belong to customers, whose days are rolled up as well."""
        return "customer_id" in self.keys

    @property
    def measurements(self) -> str:
        """The partitioned table of readings."""
        return f"{self.schema}.power_measurements"

    @property
    def hourly(self) -> str:
        """Figures per hour, always up to date: a view or a continuous aggregate, by engine."""
        return f"{self.schema}.hourly_per_device"

    @property
    def daily(self) -> str:
        """Figures per UTC day and customer, always up to date; where there are customers."""
        return f"{self.schema}.daily_per_customer"

    @property
    def hourly_aggregate(self) -> str:
        """The stored part of `hourly` on TimescaleDB: a continuous aggregate."""
        return f"{self.schema}.hourly_aggregate"

    @property
    def daily_aggregate(self) -> str:
        """The stored part of `daily` on TimescaleDB: a continuous aggregate."""
        return f"{self.schema}.daily_aggregate"

    @property
    def late_hours(self) -> str:
        """The meters' hours taken from the queue whose aggregates are not refreshed yet, on TimescaleDB."""
        return f"{self.schema}.late_hours"

    @property
    def waiting_hours(self) -> str:
        """The meters' hours of `queue` and `late_hours`: what no aggregate shows as it is, on TimescaleDB."""
        return f"{self.schema}.rollup_waiting"

    @property
    def windows(self) -> str:
        """The hours whose continuous aggregates wait to be refreshed, on TimescaleDB."""
        return f"{self.schema}.rollup_windows"

    @property
    def hourly_rollup(self) -> str:
        """The stored part of `hourly` on plain PostgreSQL."""
        return f"{self.schema}.hourly_rollup"

    @property
    def daily_rollup(self) -> str:
        """The stored part of `daily` on plain PostgreSQL."""
        return f"{self.schema}.daily_rollup"

    @property
    def hourly_energy(self) -> str:
        """Billed energy per hour, kept by the application on either engine."""
        return f"{self.schema}.hourly_energy"

    @property
    def daily_energy(self) -> str:
        """Billed energy per UTC day, kept by the application on either engine."""
        return f"{self.schema}.daily_energy"

    @property
    def queue(self) -> str:
        """The meters' hours that wait to be recomputed: a view of `queued_batches`."""
        return f"{self.schema}.rollup_queue"

    @property
    def queued_batches(self) -> str:
        """Where a writer queues all hours of its batch in one row of arrays."""
        return f"{self.schema}.rollup_batches"

    @property
    def recompute_passes(self) -> str:
        """The meters whose energy is computed again from their readings, and from which hour on that is left."""
        return f"{self.schema}.recompute_passes"

    @property
    def energy_rule(self) -> str:
        """The rule that stored energy was computed by."""
        return f"{self.schema}.energy_rule"

    @property
    def refresh_lock(self) -> str:
        """An empty table whose lock one refresh at a time holds."""
        return f"{self.schema}.refresh_lock"

    def key_list(self, alias: str = "") -> str:
        """Return the key columns for a SELECT, each with its table alias."""
        prefix = f"{alias}." if alias else ""
        return ", ".join(prefix + key for key in self.keys)

    def matches(self, left: str, right: str) -> str:
        """Return the join condition of two aliases on the key."""
        return " AND ".join(f"{left}.{key} = {right}.{key}" for key in self.keys)

    def bound(self, alias: str = "") -> str:
        """Return the condition that picks one meter by parameters named after its key columns."""
        prefix = f"{alias}." if alias else ""
        return " AND ".join(f"{prefix}{key} = :{key}" for key in self.keys)


LAYOUTS = {
    RunMode.CLIENT: Layout("monitoring", ("device_id",)),
    RunMode.ADMIN: Layout("fleet", ("customer_id", "device_id")),
}
