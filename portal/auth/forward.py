"""Whether a request to Grafana may go on: a reverse proxy asks here before it passes one (forward authentication).

Grafana is served below the stack's own address, so the browser sends the stack's own session cookie with it. Who is
signed in here gets in there, under that name and with a role of Grafana's; nobody else gets anything.
"""

import re
from typing import Final
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from portal.core.access import Role
from portal.core.stack import current
from portal.web.http.origin import local_path
from portal.web.http.session import actor_of, token_in

PATH: Final = "/auth/grafana"
_HOST = re.compile(r"[\w.-]+(?::\d{1,5})?|\[[0-9a-f:]+\](?::\d{1,5})?")
# Grafana's names. An editor may look at data freely; dashboards that are provisioned stay as they are for both.
_IN_ADDRESSES = "@!#$&'*+/=?^`{|}~"
_ROLES = {Role.USER: "Viewer", Role.ADMIN: "Editor"}


async def _check(request: Request) -> Response:
    """204 with the person's name and role, 401 for nobody; a page that is opened is led to the log-in instead."""
    if not current().settings.grafana.url:
        return PlainTextResponse("Grafana is not set up here.", 404)
    # Dashboards renew themselves, which is no sign of a person.
    is_page = request.headers.get("sec-fetch-dest") == "document"
    actor = await actor_of(token_in(request.headers.get("cookie")), is_use=is_page)
    if actor is not None and actor.is_limited:
        # What Grafana asks, it asks with a role of its own, which sees every customer.
        return PlainTextResponse("Grafana shows every customer, and you are limited to some.", 403)
    if actor is not None:
        # A header holds ASCII; an address that does not is told by its escapes, always the same.
        who = {"X-WEBAUTH-USER": quote(actor.email, safe=_IN_ADDRESSES), "X-WEBAUTH-ROLE": _ROLES[actor.role]}
        return Response(status_code=204, headers={**who, "Cache-Control": "no-store"})
    if is_page:
        wanted = local_path(request.headers.get("x-forwarded-uri"))
        return RedirectResponse(f"{_own_address(request)}/login?{urlencode({'next': wanted})}", 303)
    return PlainTextResponse("Nobody is signed in.", 401)


def _own_address(request: Request) -> str:
    """Return the stack's address as the browser knows it: a proxy makes a path into one of where it asked itself."""
    public_url = current().settings.application.public_url.rstrip("/")
    host = request.headers.get("x-forwarded-host", "")
    if public_url or not _HOST.fullmatch(host):
        return public_url
    scheme = "https" if request.headers.get("x-forwarded-proto") == "https" else "http"
    return f"{scheme}://{host}"


ROUTES = (Route(PATH, _check, methods=["GET"]),)
