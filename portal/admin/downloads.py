"""Files of the Admin mode: a customer's cost and its logo, and a month of all."""

from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.admin.fleet_cost.address import first_of
from portal.admin.fleet_cost.files import month_csv
from portal.core.cost.service import cost, fleet_costs
from portal.core.errors import Invalid, NotFound
from portal.core.fleet.service import customer_brands, customers
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


async def _month(request: Request) -> Response:
    stack, named = current(), request.query_params.get("month", "")
    first = first_of(named)
    if first is None:
        raise Invalid("'month' is a month like 2026-05")
    body = month_csv(await fleet_costs.fleet_month(stack, first), for_machine=is_machine(request))
    name = f'attachment; filename="fleet-cost-{first:%Y-%m}.csv"'
    return Response(body, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})


_KNOWN = ("from", "to", "days", "by")


async def _logo(request: Request) -> Response:
    logo = await customer_brands.find_logo(current(), request.path_params["customer_id"])
    if logo is None:
        raise NotFound("There is no such image.")
    # An image is only ever an image: opened by itself it may load and run nothing.
    headers = {
        "Cache-Control": "private, max-age=3600",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(logo.content, media_type=logo.media_type, headers=headers)


ROUTES = [
    Route("/download/customers/{customer_id:uuid}/cost.{kind}", guarded_download(_cost, _KNOWN)),
    Route(
        "/download/customers/{customer_id:uuid}/logo", guarded_download(_logo, ("version",), is_shown=True)
    ),
    Route("/download/fleet/cost.csv", guarded_download(_month, ("month",))),
]
