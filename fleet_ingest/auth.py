"""Who is asking: a device, a customer's stack, a signed-in person or a machine."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fleet_ingest.context import stack_of
from portal.core.domain.access import Actor, Role
from portal.core.errors import Refused, Unauthenticated
from portal.core.services import accounts, fleet_batches, readings
from portal.core.wire.batches import TOKEN_HEADER

if TYPE_CHECKING:
    from starlette.requests import Request

    from portal.core.queries.fleet_batches import KnownCustomer
    from portal.core.queries.ingest import KnownDevice

SESSION_COOKIE = "portal_session"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


async def device_of(request: Request) -> KnownDevice:
    """Return the device whose token the request bears. Raises `Unauthenticated`."""
    return await readings.authenticate_device(stack_of(request), _bearer(request) or "")


async def customer_of(request: Request) -> KnownCustomer:
    """Return the customer whose token the request bears. Raises `Unauthenticated`."""
    return await fleet_batches.authenticate_customer(stack_of(request), request.headers.get(TOKEN_HEADER, ""))


async def admin_of(request: Request) -> Actor:
    """Return the admin or machine behind the request, by API key or session cookie.

    Raises `Unauthenticated` for neither, and `Refused` for a person who is no admin, or for a change that
    a page of another origin asks for with the person's cookie.
    """
    key = _bearer(request)
    if key is not None:
        actor = await accounts.api_key_actor(stack_of(request), key)
    else:
        actor = await _signed_in(request)
    if actor is None:
        message = "Sign in, or send an API key as a bearer token."
        raise Unauthenticated(message)
    if not actor.role.covers(Role.ADMIN):
        message = "Only an admin may do this."
        raise Refused(message)
    return actor


async def _signed_in(request: Request) -> Actor | None:
    token = request.cookies.get(SESSION_COOKIE)
    if not token:
        return None
    if request.method not in _SAFE_METHODS and not _is_same_origin(request):
        message = "A page of another site asked for this."
        raise Refused(message)
    return await accounts.session_actor(stack_of(request), token)


def _is_same_origin(request: Request) -> bool:
    """Whether a browser says that one of our own pages sent the request.

    Every browser that sends cookies names the origin of a change; a request without either header is no browser's.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    if origin is None:
        return True
    own = {request.headers.get("host"), urlsplit(stack_of(request).settings.application.public_url).netloc}
    return urlsplit(origin).netloc in own - {None, ""}


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
