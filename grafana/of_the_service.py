"""The dashboard of the stacks themselves, from what Prometheus has asked them."""

from typing import Any

from grafana_foundation_sdk.builders import prometheus, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from grafana.parts import dashboard, plotted

_SOURCE = DataSourceRef(type_val="prometheus", uid="prometheus")
# Title, unit, question, legend, what it means.
_PANELS = (
    ("Answering", "none", "up{job='portal'}", "{{instance}}", "1 while a stack answers."),
    (
        "Requests",
        "reqps",
        "sum by (instance, code) (rate(portal_http_requests_total[$__rate_interval]))",
        "{{instance}} {{code}}",
        "By status.",
    ),
    (
        "Time of a request, 95 %",
        "s",
        "histogram_quantile(0.95, sum by (instance, le) (rate(portal_http_request_seconds_bucket[$__rate_interval])))",
        "{{instance}}",
        "",
    ),
    (
        "Rows taken in",
        "cps",
        "sum by (instance, outcome) (rate(portal_ingest_rows_total[$__rate_interval]))",
        "{{instance}} {{outcome}}",
        "",
    ),
    (
        "Time of a batch, 95 %",
        "s",
        "histogram_quantile(0.95, sum by (instance, le) (rate(portal_ingest_batch_seconds_bucket[$__rate_interval])))",
        "{{instance}}",
        "Until it is committed.",
    ),
    ("Batches that wait", "none", "portal_database_pool_waiting", "{{instance}}", "For a connection."),
    ("Hours to be brought up to date", "none", "portal_rollup_queue_length", "{{instance}}", ""),
    (
        "Readings that wait for the Admin",
        "none",
        "portal_push_waiting_readings",
        "{{instance}}",
        "",
    ),
    (
        "Energy that does not balance",
        "kwatth",
        "portal_energy_difference_kwh",
        "{{instance}}",
        "0 while all of it does.",
    ),
    ("Memory", "bytes", "process_resident_memory_bytes{job='portal'}", "{{instance}}", ""),
    (
        "Processors",
        "none",
        "rate(process_cpu_seconds_total{job='portal'}[$__rate_interval])",
        "{{instance}}",
        "How many are kept busy.",
    ),
    ("Open pages", "none", "portal_live_pages", "{{instance}}", ""),
)


def _panel(title: str, unit: str, question: str, legend: str, about: str) -> timeseries.Panel:
    asked = prometheus.Dataquery().expr(question).legend_format(legend).ref_id("A").range()
    return plotted(title, unit, about, _SOURCE).with_target(asked)


def stacks() -> Dashboard:
    """What the stacks of a host do."""
    panels: list[Any] = [_panel(*about) for about in _PANELS]
    return dashboard("stacks", "Stacks", "How the stacks themselves are doing.", panels, [])
