"""Files of the Client mode: its own cost."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.auth.downloads import signed_in_download
from portal.client.cost.days import site_uuid
from portal.core.services import cost
from portal.core.stack import current
from portal.ui.cost.days import LOCAL_DAYS, days_asked_for, grouping_asked_for, instants_of
from portal.ui.cost.export import download


async def _cost(request: Request) -> Response:
    stack, query = current(), request.query_params
    grouping = grouping_asked_for(query, LOCAL_DAYS)
    zone = await cost.local_zone(stack) if grouping == LOCAL_DAYS else "UTC"
    days = days_asked_for(query, stack.clock().date())
    site_id = site_uuid(query.get("site", ""))
    report = await cost.client_cost(stack, *instants_of(days, zone), site_id, days=grouping)
    return download(
        report, request.path_params["kind"], query.get("by", ""), f"cost-{days.first}-{days.last}"
    )


ROUTES = [Route("/download/cost.{kind}", signed_in_download(_cost))]
