"""Files of the Client mode: its own cost, and what its charts show."""

from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.client.boards import upload as firmware
from portal.client.commissioning import route as commissioning
from portal.client.cost.days import site_uuid
from portal.client.dashboards import files as charted
from portal.client.import_file import upload
from portal.core.cost.service import cost
from portal.core.reports.rules.month_report import month_in
from portal.core.reports.service import month_reports
from portal.core.sites.service import sites
from portal.core.stack import current
from portal.features.cost.days import LOCAL_DAYS, days_asked_for, grouping_asked_for, instants_of
from portal.features.cost.export import check_query, download
from portal.features.cost.sheets import Export
from portal.web.http.downloads import guarded_download, is_machine


async def _cost(request: Request) -> Response:
    stack, query = current(), request.query_params
    check_query(query)
    grouping = grouping_asked_for(query, LOCAL_DAYS)
    site_id = site_uuid(query.get("site", ""))
    zone = await cost.local_zone(stack, site_id=site_id) if grouping == LOCAL_DAYS else "UTC"
    now = stack.clock()
    days = days_asked_for(query, now.astimezone(ZoneInfo(zone)).date())
    report = await cost.client_cost(stack, *instants_of(days, zone), site_id, days=grouping)
    names = {site.id: site.name for site in await sites.list_sites(stack)}
    about = "All sites" if site_id is None else names.get(site_id, "")
    export = Export(report, days, zone, about, now)
    return download(
        export, request.path_params["kind"], query.get("by", ""), "cost", for_machine=is_machine(request)
    )


async def _report(request: Request) -> Response:
    made = await month_reports.make_report(current(), month_in(request.query_params.get("month", "")))
    headers = {"Content-Disposition": f'attachment; filename="{made.file_name}"', "Cache-Control": "no-store"}
    return Response(made.content, media_type="application/pdf", headers=headers)


_KNOWN = ("from", "to", "days", "by", "site")
ROUTES = [
    Route("/download/cost.{kind}", guarded_download(_cost, _KNOWN)),
    Route("/download/report.pdf", guarded_download(_report, ("month",))),
    *charted.ROUTES,
    *commissioning.ROUTES,
    *upload.ROUTES,
    *firmware.ROUTES,
]
