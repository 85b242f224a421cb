"""`GET /api/openapi.json` and `GET /api/docs`: what this run mode serves, for machines and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse

from fleet_ingest.answers import HEADERS, json_answer
from fleet_ingest.document_page import page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


async def get_openapi(request: Request) -> Response:
    """Describe the routes of this run mode (OpenAPI 3.1)."""
    return json_answer(request.app.state.openapi)


async def get_docs(request: Request) -> Response:
    """Show the description as a page."""
    headers = HEADERS | {"Content-Security-Policy": _CONTENT_POLICY}
    return HTMLResponse(page(request.app.state.openapi), headers=headers)
