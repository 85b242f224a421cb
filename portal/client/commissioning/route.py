"""The check of a device, at an address that can be sent to the phone of whoever stands before the meter."""

from contextlib import suppress
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from portal.client.commissioning.sheet import sheet
from portal.core.boards.service import commissioning
from portal.core.cost.service import cost
from portal.core.stack import current
from portal.core.values.texts import shown_text
from portal.web.http.downloads import guarded_download

PATH = "/commissioning/{device_id:uuid}"
_CLAMPS = ("l1", "l2", "l3")
_LONGEST = 80


async def _check(request: Request) -> Response:
    stack, query = current(), request.query_params
    device_id: UUID = request.path_params["device_id"]
    typed = [query.get(name, "")[:_LONGEST] for name in _CLAMPS]
    found = await commissioning.check_device(stack, device_id, clamp_amps=[_amps(text) for text in typed])
    zone = await cost.local_zone(stack)
    when = found.checked_at.astimezone(ZoneInfo(zone)).strftime("%d %B %Y, %H:%M")
    by = shown_text(query.get("by", "")[:_LONGEST])
    return HTMLResponse(sheet(found, typed, by, zone, when), headers={"Cache-Control": "no-store"})


def _amps(text: str) -> float | None:
    """Return what was typed in as amperes; None for nothing, and for what is no current."""
    with suppress(ValueError):
        value = float(text.strip().replace(",", "."))
        return value if 0 < value < 100_000 else None
    return None


ROUTES = [Route(PATH, guarded_download(_check, (*_CLAMPS, "by")))]
