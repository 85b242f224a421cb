"""What a form with a file has to pass that only an admin may send, before its body is read."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from portal.core.access import Role
from portal.core.audit.acting import set_acting
from portal.web.http.forms import address_of, refusal_of
from portal.web.http.session import actor_of, token_in

_OVERHEAD_BYTES = 4096


async def refusal_of_admin_form(
    request: Request, page: str, denied: str, file_bytes: int | None = None
) -> Response | None:
    """Return the answer to a form that is not taken; None for an admin's, who the request then acts for.

    `denied` is said to others who are signed in. Whoever is, and sends more than a file of `file_bytes`, is led back to
    `page` with the problem "large".
    """
    actor = await actor_of(token_in(request.headers.get("cookie")))
    most_bytes = None if file_bytes is None else file_bytes + _OVERHEAD_BYTES
    if (refused := refusal_of(request, most_bytes)) is not None:
        is_led_back = refused.status_code == 413 and actor is not None
        return RedirectResponse(f"{page}?problem=large", 303) if is_led_back else refused
    if actor is None:
        return RedirectResponse("/login", 303)
    if not actor.role.covers(Role.ADMIN):
        return PlainTextResponse(denied, 403)
    set_acting(actor, address_of(request))
    return None
