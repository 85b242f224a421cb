"""Figures of what the database holds, for Prometheus: the same from every process of a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Gauge, generate_latest

if TYPE_CHECKING:
    from datetime import datetime

    from portal.core.operations.queries.restore_proofs import RestoreProofs
    from portal.core.operations.service.figures import BoardClocks, ClientPush, Fleet
    from portal.core.operations.service.health import StackHealth


class _Sheet:
    """Figures that are read once and printed."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()

    def put(self, name: str, words: str, figure: float) -> None:
        Gauge(name, words, registry=self._registry).set(figure)

    def put_each(self, name: str, words: str, label: str, figures: dict[str, float]) -> None:
        gauge = Gauge(name, words, [label], registry=self._registry)
        for value, figure in figures.items():
            gauge.labels(value).set(figure)

    def text(self) -> bytes:
        return generate_latest(self._registry)


def of_energy(status: StackHealth) -> bytes:
    """Return the figures of the rollups and of the energy proof, those once there is one."""
    sheet, proof = _Sheet(), status.proof
    sheet.put(
        "portal_rollup_queue_length",
        "Hours of meters that wait to be recomputed (portal_rollup_queued_hours in earlier releases).",
        status.hours_to_refresh,
    )
    sheet.put(
        "portal_recompute_passes",
        "Meters whose energy is being computed again from their readings.",
        status.meters_to_recompute,
    )
    if proof is not None:
        sheet.put(
            "portal_energy_difference_kwh",
            "Stored energy that is not the registers' difference.",
            proof.milliwh / 1_000_000,
        )
        sheet.put(
            "portal_energy_differences", "Device days that differ from the registers.", len(proof.differences)
        )
        sheet.put("portal_energy_comparisons", "Device days that were compared.", proof.day_count)
        sheet.put(
            "portal_energy_checked_timestamp_seconds",
            "When energy and registers were compared.",
            proof.checked_at.timestamp(),
        )
    if status.restores is not None:
        _of_backups(sheet, status.restores)
    if status.is_behind is not None:
        words = "1 while nothing is pushed, since the Admin holds more than this stack ever sent."
        sheet.put("portal_push_behind", words, status.is_behind)
    return sheet.text()


def _of_backups(sheet: _Sheet, restores: RestoreProofs) -> None:
    latest, words = (
        restores.latest,
        "1 where the last nightly backup was not restored whole, with all its energy.",
    )
    sheet.put("portal_backup_failed", words, bool(latest.problem))
    sheet.put("portal_backup_bytes", "Bytes of the last nightly backup.", latest.file_bytes)
    sheet.put("portal_backup_rows", "Rows that came back from it.", latest.row_count)
    if restores.proven_at is not None:
        sheet.put(
            "portal_backup_proven_timestamp_seconds",
            "When a nightly backup was last restored whole.",
            restores.proven_at.timestamp(),
        )


def of_client(push: ClientPush) -> bytes:
    """Return the figures of the push to the Admin."""
    sheet = _Sheet()
    sheet.put("portal_push_enabled", "Whether this stack pushes to an Admin.", push.is_enabled)
    sheet.put("portal_push_link_down", "Whether the Admin has refused the token.", push.is_link_down)
    sheet.put("portal_push_waiting_readings", "Readings the Admin does not have yet.", push.waiting)
    sheet.put(
        "portal_push_refused_readings", "Readings the Admin refused and is asked about again.", push.refused
    )
    sheet.put(
        "portal_push_dead_letters", "What the Admin would not take; a person decides.", push.dead_letters
    )
    if push.oldest_at is not None:
        sheet.put(
            "portal_push_oldest_waiting_timestamp_seconds",
            "When the oldest reading that waits arrived.",
            push.oldest_at.timestamp(),
        )
    sheet.put_each(
        "portal_push_consecutive_failures",
        "Failures in a row, by what is pushed.",
        "resource",
        {resource: float(count) for resource, count in push.failures.items()},
    )
    sheet.put_each(
        "portal_push_synced_timestamp_seconds",
        "When the Admin last took something, by what is pushed.",
        "resource",
        _seconds(push.synced_at),
    )
    return sheet.text()


def of_clocks(clocks: BoardClocks) -> bytes:
    """Return how many boards' clocks are wrong, and by how much those that are furthest off."""
    sheet = _Sheet()
    sheet.put(
        "portal_board_clocks_off", "Boards whose clocks are wrong by more than two minutes.", clocks.count
    )
    sheet.put_each(
        "portal_board_clock_skew_seconds",
        "How far a board's clock is ahead (negative: behind); the hundred furthest off.",
        "device",
        {device: skew.total_seconds() for device, skew in clocks.furthest.items()},
    )
    return sheet.text()


def of_updates(failed: int) -> bytes:
    """Return how many boards could not run a release of firmware that they are to run."""
    sheet = _Sheet()
    words = "Boards that refused or fell back from a release of firmware that they are to run."
    sheet.put("portal_board_updates_failed", words, failed)
    return sheet.text()


def of_fleet(fleet: Fleet) -> bytes:
    """Return the figures of all customers together, and of each where those are wanted."""
    sheet = _Sheet()
    sheet.put("portal_fleet_customers", "Customers.", fleet.customers)
    sheet.put("portal_fleet_customers_enabled", "Customers whose tokens are honoured.", fleet.enabled)
    sheet.put("portal_fleet_customers_pushing", "Customers that pushed within the hour.", fleet.pushing)
    sheet.put(
        "portal_push_waiting_readings", "Readings that wait at the customers, as they say.", fleet.waiting
    )
    if fleet.oldest_at is not None:
        sheet.put(
            "portal_push_oldest_waiting_timestamp_seconds",
            "When the oldest reading that waits at a customer arrived there.",
            fleet.oldest_at.timestamp(),
        )
    if fleet.each is not None:
        seen = {one.code: one.last_seen_at for one in fleet.each if one.last_seen_at is not None}
        sheet.put_each(
            "portal_customer_seen_timestamp_seconds",
            "When a customer last pushed.",
            "customer",
            _seconds(seen),
        )
        sheet.put_each(
            "portal_customer_waiting_readings",
            "Readings that wait at a customer, as it says.",
            "customer",
            {one.code: float(one.waiting) for one in fleet.each},
        )
    return sheet.text()


def _seconds(instants: dict[str, datetime]) -> dict[str, float]:
    return {name: at.timestamp() for name, at in instants.items()}
