"""The routes of each run mode, made from one table that the OpenAPI document is made from as well."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route

from fleet_ingest.admin_routes import ADMIN
from fleet_ingest.answers import endpoint
from fleet_ingest.client_routes import CLIENT
from fleet_ingest.operations import PREFIXES, Operation
from fleet_ingest.shared_routes import SHARED
from portal.core.settings import RunMode

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from fleet_ingest.answers import Endpoint


def operations(run_mode: RunMode) -> tuple[Operation, ...]:
    """Return what a run mode serves."""
    return SHARED + (CLIENT if run_mode is RunMode.CLIENT else ADMIN)


def routes(served: tuple[Operation, ...]) -> list[Route]:
    """Return the routes of operations under every prefix, and the answer to any other path below `/api`."""
    by_path: dict[str, dict[str, Endpoint]] = defaultdict(dict)
    for operation in served:
        for prefix in ("",) if operation.is_rooted else PREFIXES:
            by_path[prefix + operation.path][operation.method] = endpoint(operation.handler)
    found = [Route(path, _ByMethod(handlers)) for path, handlers in by_path.items()]
    return [*found, Route("/api", _Nothing()), Route("/api/{rest:path}", _Nothing())]


class _ByMethod:
    """Serves the methods of one path, and says which there are to any other."""

    def __init__(self, handlers: dict[str, Endpoint]) -> None:
        self._handlers = handlers | ({"HEAD": handlers["GET"]} if "GET" in handlers else {})
        self._refuse = endpoint(self._refused)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        response = await self._handlers.get(request.method, self._refuse)(request)
        await response(scope, receive, send)

    async def _refused(self, request: Request) -> Any:
        message = f"{request.method} is not served here."
        raise HTTPException(405, message, {"Allow": ", ".join(sorted(self._handlers))})


class _Nothing:
    """Answers for paths that this run mode does not serve."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await endpoint(self._nothing)(Request(scope, receive, send))
        await response(scope, receive, send)

    async def _nothing(self, _: Request) -> Any:
        message = "There is nothing at this address."
        raise HTTPException(404, message)
