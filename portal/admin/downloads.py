"""Files of the Admin mode: a customer's cost and its logo, the list of customers, and a month of all."""

from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.admin.customers.address import asked_in
from portal.admin.customers.files import MOST_ROWS, customers_csv
from portal.admin.fleet_cost.address import first_of
from portal.admin.fleet_cost.files import month_csv
from portal.core.cost.service import cost, fleet_costs
from portal.core.errors import Invalid, NotFound
from portal.core.fleet.service import customer_brands, customer_lists, customers
from portal.core.stack import current
from portal.features.cost.days import LOCAL_DAYS, days_asked_for, grouping_asked_for, instants_of
from portal.features.cost.export import CSV, XLSX, check_query, download
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
    kind = request.path_params["kind"]
    if kind not in ("csv", "xlsx"):
        raise NotFound("There is no such file: the kinds are csv and xlsx")
    month = await fleet_costs.fleet_month(stack, first)
    if kind == "xlsx":
        from portal.admin.fleet_cost.workbook import month_xlsx  # noqa: PLC0415 - see there

        return _saved(month_xlsx(month, stack.clock()), XLSX, f"fleet-cost-{first:%Y-%m}.xlsx")
    return _saved(month_csv(month, for_machine=is_machine(request)), CSV, f"fleet-cost-{first:%Y-%m}.csv")


async def _customers(request: Request) -> Response:
    stack = current()
    asked = replace(asked_in(request.query_params), page=1, rows=MOST_ROWS)
    page = await customer_lists.page_of_list(stack, asked)
    body = customers_csv(page.customers, for_machine=is_machine(request))
    return _saved(body, CSV, f"customers-{stack.clock():%Y-%m-%d}.csv")


def _saved(body: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, media_type=media_type, headers=headers)


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
    Route("/download/fleet/cost.{kind}", guarded_download(_month, ("month",))),
    Route("/download/customers.csv", guarded_download(_customers, ("q", "show", "sort"))),
]
