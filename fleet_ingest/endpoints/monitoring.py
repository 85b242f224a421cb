"""`GET /metrics`: figures for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from fleet_ingest.answers import HEADERS
from fleet_ingest.auth import local_of
from fleet_ingest.context import metrics_of, stack_of
from portal.core.errors import Misconfigured
from portal.core.services import health

if TYPE_CHECKING:
    from starlette.requests import Request


async def get_metrics(request: Request) -> Response:
    """Give the figures of this process in Prometheus' text format."""
    await local_of(request)
    try:
        stack = stack_of(request)
    except Misconfigured:  # no stack is open yet: what was counted is still worth telling
        found = metrics_of(request).exposition(None)
    else:
        found = metrics_of(request).exposition(stack.db, await health.standing(stack))
    return Response(found, headers=HEADERS, media_type="text/plain; version=0.0.4")
