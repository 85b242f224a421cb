"""The routes of each run mode, made from one table that the OpenAPI document is made from as well."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import wraps
from typing import TYPE_CHECKING, NoReturn

from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.routing import Route

from fleet_ingest.admin_routes import ADMIN
from fleet_ingest.answers import endpoint
from fleet_ingest.client_routes import CLIENT
from fleet_ingest.compression import compressed
from fleet_ingest.http_figures import note_route
from fleet_ingest.operations import PREFIXES, AccessRule, Operation
from fleet_ingest.parameters import refuse_unknown
from fleet_ingest.shared_routes import SHARED
from portal.core.settings import RunMode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from fleet_ingest.answers import Endpoint

# What a page of another origin may send, and read of an answer, where `Application__AllowedOrigins` lets it.
_SENT = ("Authorization", "Content-Type", "Content-Encoding", "If-Match")
_READ = ("ETag", "Link", "Location", "Retry-After", "WWW-Authenticate")
# What a parameter of a path is, which is no part of its name: {customer_id:uuid}.
_CONVERTER = re.compile(r":\w+(?=})")


def operations(run_mode: RunMode) -> tuple[Operation, ...]:
    """Return what a run mode serves."""
    return SHARED + (CLIENT if run_mode is RunMode.CLIENT else ADMIN)


def routes(served: tuple[Operation, ...], origins: Sequence[str] = ()) -> list[Route]:
    """Return the routes of operations under every prefix, and the answer to any other path below `/api`.

    Pages of the `origins` may use those that take a person's or a machine's credentials, or none.
    """
    by_path: dict[str, list[Operation]] = defaultdict(list)
    for operation in served:
        for prefix in ("",) if operation.is_rooted else PREFIXES:
            by_path[prefix + operation.path].append(operation)
    found = [Route(path, _shared(_ByMethod(there), there, origins)) for path, there in by_path.items()]
    return [*found, Route("/api", _Nothing()), Route("/api/{rest:path}", _Nothing())]


def _shared(served: _ByMethod, there: list[Operation], origins: Sequence[str]) -> ASGIApp:
    """Let pages of other origins in. They send a key of their own: no cookie of this stack works from there."""
    if not origins or {operation.access for operation in there} & {AccessRule.DEVICE, AccessRule.CUSTOMER}:
        return served
    return CORSMiddleware(
        served,
        allow_origins=origins,
        allow_methods=served.methods,
        allow_headers=_SENT,
        expose_headers=_READ,
    )


def _strict(operation: Operation) -> Endpoint:
    """Return the handler of an operation, which refuses parameters that it does not know."""
    if operation.is_lenient:
        return operation.handler

    @wraps(operation.handler)
    async def handled(request: Request) -> Response:
        refuse_unknown(request, operation.query_names)
        return await operation.handler(request)

    return handled


class _ByMethod:
    """Serves the methods of one path, and says which there are to any other."""

    def __init__(self, there: list[Operation]) -> None:
        path = there[0].path if there[0].is_rooted else PREFIXES[0] + there[0].path
        self._template = _CONVERTER.sub("", path)
        self._handlers = {each.method: endpoint(_strict(each), each.challenge) for each in there}
        if "GET" in self._handlers:
            self._handlers["HEAD"] = self._handlers["GET"]
        self._refuse = endpoint(self._refused)

    @property
    def methods(self) -> list[str]:
        """The methods there are, by name."""
        return sorted(self._handlers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        note_route(scope, self._template)
        request = Request(scope, receive, send)
        response = await self._handlers.get(request.method, self._refuse)(request)
        await (await compressed(request, response))(scope, receive, send)

    async def _refused(self, request: Request) -> NoReturn:
        message = f"{request.method} is not served here."
        raise HTTPException(405, message, {"Allow": ", ".join(self.methods)})


class _Nothing:
    """Answers for paths that this run mode does not serve."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        note_route(scope, "/api/{nothing}")
        response = await endpoint(self._nothing)(Request(scope, receive, send))
        await response(scope, receive, send)

    async def _nothing(self, _: Request) -> NoReturn:
        message = "There is nothing at this address."
        raise HTTPException(404, message)
