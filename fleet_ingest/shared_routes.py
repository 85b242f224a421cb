"""What both run modes serve."""

from __future__ import annotations

from typing import Any

from fleet_ingest import payloads
from fleet_ingest.endpoints import description, health, monitoring
from fleet_ingest.operations import AccessRule, Operation

SHARED = (
    Operation(
        "GET",
        "/openapi.json",
        description.get_openapi,
        dict[str, Any],  # Any: a document of JSON; `object` has no schema
        AccessRule.ANYONE,
        tag="About this API",
    ),
    Operation(
        "GET",
        "/docs",
        description.get_docs,
        str,
        AccessRule.ANYONE,
        media_type="text/html",
        tag="About this API",
    ),
    Operation(
        "GET",
        "/health/live",
        health.get_live,
        payloads.HealthAnswer,
        AccessRule.ANYONE,
        is_rooted=True,
        answer_example={"status": "live"},
        tag="Operation",
    ),
    Operation(
        "GET",
        "/health/ready",
        health.get_ready,
        payloads.HealthAnswer,
        AccessRule.ANYONE,
        errors=(503,),
        is_rooted=True,
        answer_example={"status": "ready"},
        tag="Operation",
    ),
    Operation(
        "GET",
        "/metrics",
        monitoring.get_metrics,
        str,
        AccessRule.LOCAL,
        is_rooted=True,
        media_type="text/plain",
        tag="Operation",
    ),
)
