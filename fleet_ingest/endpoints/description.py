"""`GET /api/openapi.json`: what this run mode serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet_ingest.answers import json_answer

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


async def get_openapi(request: Request) -> Response:
    """Describe the routes of this run mode (OpenAPI 3.1)."""
    return json_answer(request.app.state.openapi)
