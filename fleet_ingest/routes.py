"""The routes of each run mode, in one table that both the router and the OpenAPI document are made from."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route

from fleet_ingest import payloads
from fleet_ingest.answers import endpoint
from fleet_ingest.endpoints import cost, customers, description, device_ingest, fleet, health, sites
from portal.core.settings import RunMode
from portal.core.wire.batches import CURSOR_HEADER, TYPE_HEADER, BatchAnswer, BatchType, DeviceIngestAnswer
from portal.core.wire.cost import CostAnswer, FleetCostAnswer
from portal.core.wire.readings import DeviceReading, FleetReading
from portal.core.wire.registry import DeviceRow, MunicipalityRow, SiteRow
from portal.core.wire.tariffs import TariffRow

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from fleet_ingest.answers import Endpoint

PREFIXES = ("/api", "/api/v1")


class Access(StrEnum):
    """Whose credentials a route takes."""

    ANYONE = "anyone"
    DEVICE = "device"
    CUSTOMER = "customer"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter or header; `schema` is JSON Schema."""

    name: str
    place: str
    description: str
    required: bool = True
    schema: dict[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `path` is relative to `/api` unless `is_rooted`; `body` lists the alternatives."""

    method: str
    path: str
    handler: Endpoint
    answer: Any
    access: Access = Access.ADMIN
    body: tuple[Any, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    errors: tuple[int, ...] = ()
    success: int = 200
    is_rooted: bool = False


_INSTANT = {"type": "string", "format": "date-time"}
_WINDOW = (
    Parameter("from", "query", "start of the window, with offset", schema=_INSTANT),
    Parameter("to", "query", "end of the window, after `from`, at most 366 days on", schema=_INSTANT),
    Parameter(
        "gaps",
        "query",
        "`estimate` spreads the energy of long gaps evenly; `report` leaves it unallocated",
        required=False,
        schema={"type": "string", "enum": ["report", "estimate"], "default": "report"},
    ),
)
_UUID = {"type": "string", "format": "uuid"}
_SITE = Parameter("siteId", "query", "one site instead of all", required=False, schema=_UUID)
_BATCH_HEADERS = (
    Parameter(TYPE_HEADER, "header", "what the rows are", schema={"type": "string", "enum": list(BatchType)}),
    Parameter(
        CURSOR_HEADER, "header", "highest received or updated time in the batch, ISO 8601", required=False
    ),
)
_BATCH_BODIES = (list[SiteRow], list[DeviceRow], list[MunicipalityRow], list[TariffRow], list[FleetReading])
_CUSTOMER = "/admin/customers/{customer_id:uuid}"

_SHARED = (
    Operation("GET", "/openapi.json", description.get_openapi, dict[str, Any], Access.ANYONE),
    Operation("GET", "/health/live", health.get_live, payloads.HealthAnswer, Access.ANYONE, is_rooted=True),
    Operation(
        "GET",
        "/health/ready",
        health.get_ready,
        payloads.HealthAnswer,
        Access.ANYONE,
        errors=(503,),
        is_rooted=True,
    ),
)
_CLIENT = (
    Operation(
        "POST",
        "/ingest/measurements",
        device_ingest.post_readings,
        DeviceIngestAnswer,
        Access.DEVICE,
        body=(list[DeviceReading],),
        errors=(400, 413),
    ),
    Operation("GET", "/sites", sites.get_sites, payloads.SitesAnswer),
    Operation(
        "GET",
        "/cost",
        cost.get_client_cost,
        CostAnswer,
        parameters=(*_WINDOW, _SITE),
        errors=(400, 409),
    ),
)
_ADMIN = (
    Operation(
        "POST",
        "/fleet/ingest",
        fleet.post_batch,
        BatchAnswer,
        Access.CUSTOMER,
        body=_BATCH_BODIES,
        parameters=_BATCH_HEADERS,
        errors=(400, 413),
    ),
    Operation(
        "GET",
        "/fleet/customers/{customer_id:uuid}/cost",
        cost.get_fleet_cost,
        FleetCostAnswer,
        parameters=_WINDOW,
        errors=(400, 404, 409),
    ),
    Operation("GET", "/admin/customers", customers.get_customers, payloads.CustomersAnswer),
    Operation(
        "POST",
        "/admin/customers",
        customers.post_customer,
        payloads.IssuedTokenAnswer,
        body=(payloads.NewCustomer,),
        errors=(400, 409, 413),
        success=customers.CREATED,
    ),
    Operation(
        "POST",
        f"{_CUSTOMER}/rotate-token",
        customers.post_rotation,
        payloads.IssuedTokenAnswer,
        body=(payloads.Rotation,),
        errors=(400, 404, 413),
    ),
    Operation("POST", f"{_CUSTOMER}/disable", customers.post_disable, payloads.CustomerAnswer, errors=(404,)),
    Operation("POST", f"{_CUSTOMER}/enable", customers.post_enable, payloads.CustomerAnswer, errors=(404,)),
)


def operations(run_mode: RunMode) -> tuple[Operation, ...]:
    """Return what a run mode serves."""
    return _SHARED + (_CLIENT if run_mode is RunMode.CLIENT else _ADMIN)


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
