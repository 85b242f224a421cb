"""What is counted, for Prometheus. Labels never hold a credential."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from portal.auth import loops

if TYPE_CHECKING:
    from portal.core.db import Database
    from portal.core.services.health import Standing

_BATCH_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The figures of one process. `customer` is a customer's code, and empty on a Client."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._rows = Counter(
            "portal_ingest_rows",
            "Rows of ingest requests by what became of them.",
            ["type", "customer", "outcome"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "portal_ingest_batch_seconds",
            "Seconds a batch took to be stored and committed.",
            ["type"],
            buckets=_BATCH_SECONDS,
            registry=self._registry,
        )
        self._refused = Counter(
            "portal_ingest_refused_batches",
            "Batches of known senders that were refused as a whole.",
            ["type", "reason"],
            registry=self._registry,
        )
        self._failures = Counter(
            "portal_auth_failures",
            "Refused credentials.",
            ["credential"],
            registry=self._registry,
        )
        self._throttled = Counter(
            "portal_throttled_requests",
            "Requests over a rate limit.",
            ["limit"],
            registry=self._registry,
        )
        self._waiting = self._gauge("portal_database_pool_waiting", "Requests waiting for a connection.")
        self._in_use = self._gauge("portal_database_pool_in_use", "Connections of the ingest in use.")
        self._live_pages = self._gauge("portal_live_pages", "Open pages that are kept up to date.")

    def _gauge(self, name: str, words: str) -> Gauge:
        return Gauge(name, words, registry=self._registry)

    def count_rows(
        self, batch_type: str, customer: str, *, accepted: int, rejected: int, duplicates: int
    ) -> None:
        """Count the rows of a handled batch; `accepted` are those that were new."""
        for outcome, count in (("accepted", accepted), ("rejected", rejected), ("duplicate", duplicates)):
            self._rows.labels(batch_type, customer, outcome).inc(count)

    def time_batch(self, batch_type: str, seconds: float) -> None:
        """Note how long a batch took."""
        self._seconds.labels(batch_type).observe(seconds)

    def count_refused(self, batch_type: str, reason: str) -> None:
        """Count a batch that was refused as a whole, by the code of its error."""
        self._refused.labels(batch_type, reason).inc()

    def count_failure(self, credential: str) -> None:
        """Count a refused credential by its kind."""
        self._failures.labels(credential).inc()

    def count_throttled(self, limit: str) -> None:
        """Count a request over a limit."""
        self._throttled.labels(limit).inc()

    def exposition(self, database: Database | None, standing: Standing | None = None) -> bytes:
        """Return all figures in Prometheus' text format."""
        if database is not None:
            self._waiting.set(database.direct.waiting)
            self._in_use.set(database.direct.in_use)
        self._live_pages.set(loops.count())
        return generate_latest(self._registry) + (b"" if standing is None else _of_the_database(standing))


def _of_the_database(standing: Standing) -> bytes:
    """Return the figures of what is stored, the same from every process; those of the proof once there is one."""
    registry, proof = CollectorRegistry(), standing.proof
    figures = [("portal_rollup_queued_hours", "Hours of meters to be recomputed.", standing.hours_to_refresh)]
    if proof is not None:
        kwh, checked_at = proof.milliwh / 1_000_000, proof.checked_at.timestamp()
        figures += [
            ("portal_energy_difference_kwh", "Stored energy that is not the registers' difference.", kwh),
            (
                "portal_energy_differing_days",
                "Device days that differ from the registers.",
                len(proof.differences),
            ),
            ("portal_energy_compared_days", "Device days that were compared.", proof.day_count),
            (
                "portal_energy_checked_timestamp_seconds",
                "When energy and registers were compared.",
                checked_at,
            ),
        ]
    for name, words, figure in figures:
        Gauge(name, words, registry=registry).set(figure)
    return generate_latest(registry)
