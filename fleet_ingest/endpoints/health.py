"""`/health/live` and `/health/ready`, for whoever restarts or routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet_ingest.answers import error_answer, json_answer
from fleet_ingest.context import stack_of
from fleet_ingest.payloads import HealthAnswer
from portal.core.operations.service import health

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


async def get_live(_: Request) -> Response:
    """Answer while the process runs, whatever the database does."""
    return json_answer(HealthAnswer(status="live"))


async def get_ready(request: Request) -> Response:
    """Answer whether the database can be used."""
    if await health.is_ready(stack_of(request)):
        return json_answer(HealthAnswer(status="ready"))
    return error_answer(
        503, "unavailable", "The database cannot be used just now.", headers={"Retry-After": "5"}
    )
