"""What is counted, for Prometheus. Labels never hold a credential."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from portal.web.events import loops

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from portal.core.database.db import Database

_BATCH_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_REQUEST_SECONDS = (0.01, 0.05, 0.25, 1, 5)

# A second series for each, with the time it was made, is of use to nobody here.
disable_created_metrics()


class Metrics:
    """The figures of one process. Every label has few values; customers are one only where that is asked for."""

    def __init__(self, run_mode: str = "", *, per_customer: bool = False, shared: Path | None = None) -> None:
        """With `per_customer` rows are counted by customer, and `forget_customers_but` has to be called.

        With `shared`, the folder in which the workers of one server keep their figures, they are told together.
        """
        self._registry = CollectorRegistry()
        self._shared = shared
        self._per_customer = per_customer
        self._customers: set[str] = set()
        if shared is None:
            ProcessCollector(registry=self._registry)
        else:
            self._gauge("portal_ingest_workers", "Processes of this server that serve.").set(1)
        told = ("version", "python", "mode")
        build = Gauge(
            "portal_build_info", "What runs here.", told, registry=self._registry, multiprocess_mode="max"
        )
        build.labels(_version(), platform.python_version(), run_mode).set(1)
        self._requests = self._counter(
            "portal_http_requests", "HTTP requests answered.", "method", "route", "code"
        )
        self._request_seconds = self._histogram(
            "portal_http_request_seconds", "Seconds until a request was answered.", "route", _REQUEST_SECONDS
        )
        of_whom = ("customer",) if per_customer else ()
        words = "Rows of ingest requests by what became of them."
        self._rows = self._counter("portal_ingest_rows", words, "type", *of_whom, "outcome")
        words = "Seconds a batch took to be stored and committed."
        self._seconds = self._histogram("portal_ingest_batch_seconds", words, "type", _BATCH_SECONDS)
        words = "Batches of known senders that were refused as a whole."
        self._refused = self._counter("portal_ingest_refused_batches", words, "type", "reason")
        self._failures = self._counter("portal_auth_failures", "Refused credentials.", "credential")
        self._throttled = self._counter("portal_throttled_requests", "Requests over a rate limit.", "limit")
        self._waiting = self._gauge("portal_database_pool_waiting", "Requests waiting for a connection.")
        self._in_use = self._gauge("portal_database_pool_in_use", "Connections of the ingest in use.")
        self._live_pages = self._gauge("portal_live_pages", "Open pages that are kept up to date.")

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(name, words, labels, registry=self._registry)

    def _gauge(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(name, words, labels, registry=self._registry, multiprocess_mode="livesum")

    def _histogram(self, name: str, words: str, label: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, words, [label], buckets=buckets, registry=self._registry)

    def count_rows(self, batch_type: str, customer: str, outcomes: Mapping[str, int]) -> None:
        """Count the rows of a handled batch, every one by its outcome."""
        of_whom = (customer,) if self._per_customer else ()
        self._customers.update(of_whom)
        for outcome, count in outcomes.items():
            self._rows.labels(batch_type, *of_whom, outcome).inc(count)

    @property
    def is_per_customer(self) -> bool:
        """Whether customers have figures of their own."""
        return self._per_customer

    def forget_customers_but(self, codes: Collection[str]) -> None:
        """Free the figures of customers that are no more, whoever deleted them."""
        for gone in self._customers.difference(codes):
            if (
                self._shared is None
            ):  # what workers have in common cannot be removed, and is gone with the server
                self._rows.remove_by_labels({"customer": gone})
        self._customers.intersection_update(codes)

    def count_request(self, method: str, route: str, code: str, seconds: float) -> None:
        """Count a request by its route's template and the status of its answer."""
        self._requests.labels(method, route, code).inc()
        self._request_seconds.labels(route).observe(seconds)

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

    def exposition(self, database: Database | None, *of_the_stack: bytes) -> bytes:
        """Return all figures in Prometheus' text format, with those of the stack behind them."""
        if database is not None:
            self.look_at(database)
        self._live_pages.set(loops.count())
        return generate_latest(self._told()) + b"".join(of_the_stack)

    @property
    def is_shared(self) -> bool:
        """Whether workers tell their figures together, each by looking at its own connections now and then."""
        return self._shared is not None

    def look_at(self, database: Database) -> None:
        """Note how this process's connections are used."""
        self._waiting.set(database.direct.waiting)
        self._in_use.set(database.direct.in_use)

    def _told(self) -> CollectorRegistry:
        if self._shared is None:
            return self._registry
        for file in self._shared.glob("gauge_live*_*.db"):
            if not _is_running(int(file.stem.rpartition("_")[2])):
                file.unlink(missing_ok=True)
        together = CollectorRegistry()
        MultiProcessCollector(together, str(self._shared))
        return together


def _is_running(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's by now
        return False
    return True


def _version() -> str:
    try:
        return metadata.version("energy-portal")
    except metadata.PackageNotFoundError:  # run from its sources
        return "unknown"
