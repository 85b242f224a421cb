"""Files of the Admin mode: a customer's cost."""

from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.core.cost.service import cost
from portal.core.fleet.service import customers
from portal.core.stack import current
from portal.features.cost.days import LOCAL_DAYS, days_asked_for, grouping_asked_for, instants_of
from portal.features.cost.export import check_query, download
from portal.features.cost.sheets import Export
from portal.web.http.downloads import guarded_download, is_machine


async def _cost(request: Request) -> Response:
    stack, query = current(), request.query_params
    check_query(query)
    customer_id: UUID = request.path_params["customer_id"]
    line = await customers.get_customer(stack, customer_id)
    grouping = grouping_asked_for(query)
    zone = await cost.local_zone(stack, customer_id) if grouping == LOCAL_DAYS else "UTC"
    now = stack.clock()
    days = days_asked_for(query, now.astimezone(ZoneInfo(zone)).date())
    report = await cost.fleet_cost(stack, customer_id, *instants_of(days, zone), days=grouping)
    export = Export(report, days, zone, f"{line.name} ({line.code})", now)
    name = f"cost-{line.code.lower()}"
    kind, listing = request.path_params["kind"], query.get("by", "")
    return download(export, kind, listing, name, for_machine=is_machine(request))


_KNOWN = ("from", "to", "days", "by")
ROUTES = [Route("/download/customers/{customer_id:uuid}/cost.{kind}", guarded_download(_cost, _KNOWN))]
