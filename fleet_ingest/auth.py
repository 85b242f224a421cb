"""Who is asking: a device, a customer's stack, a signed-in person or a machine."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fleet_ingest.context import metrics_of, stack_of, suspects_of, throttle_of
from portal.core.access import Actor, Role, Scope
from portal.core.audit.acting import set_acting
from portal.core.errors import Refused, Throttled, Unauthenticated
from portal.core.exchange.batches import TOKEN_HEADER
from portal.core.fleet.service import fleet_batches
from portal.core.identity.service import api_keys, sessions
from portal.core.operations.service.credentials import Kind
from portal.core.readings.service import readings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.requests import Request

    from portal.core.fleet.queries.fleet_batches import KnownCustomer
    from portal.core.readings.queries.ingest import KnownDevice

SESSION_COOKIE = "portal_session"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


async def device_of(request: Request) -> KnownDevice:
    """Return the device whose token the request bears. Raises `Unauthenticated` and `Throttled`."""
    token = bearer_of(request) or ""
    async with _proving(request, Kind.DEVICE, token):
        device = await readings.authenticate_device(stack_of(request), token)
    request.state.device_id = device.id
    await _count(request, "device", device.id.hex)
    return device


async def customer_of(request: Request) -> KnownCustomer:
    """Return the customer whose token the request bears. Raises `Unauthenticated` and `Throttled`."""
    token = request.headers.get(TOKEN_HEADER, "")
    async with _proving(request, Kind.CUSTOMER, token):
        customer = await fleet_batches.authenticate_customer(stack_of(request), token)
    await _count(request, "customer", customer.id.hex)
    return customer


async def admin_of(request: Request) -> Actor:
    """Return the admin or machine behind the request, by API key or session cookie.

    Raises `Unauthenticated` for neither, `Throttled` after too many of those from one address, and `Refused` for a
    person who is no admin, for a change with a key that may read only, and for a change that a page of another origin
    asks for with the person's cookie.
    """
    actor = await _proven(request)
    if not actor.role.covers(Role.ADMIN):
        message = "Only an admin may do this."
        raise Refused(message)
    return _acting(request, actor)


async def operator_of(request: Request) -> Actor:
    """Return who is behind a request that reads: an admin, a machine, or an operator who is limited to some customers.

    What the last are shown is held by the database. Raises as `admin_of`.
    """
    actor = await _proven(request)
    if not (actor.is_limited and request.method in _SAFE_METHODS) and not actor.role.covers(Role.ADMIN):
        message = "Only an admin may do this."
        raise Refused(message)
    return _acting(request, actor)


async def _proven(request: Request) -> Actor:
    key = bearer_of(request)
    credential = key or request.cookies.get(SESSION_COOKIE, "")
    async with _proving(request, Kind.API_KEY if key else Kind.SESSION, credential):
        actor = await _actor(request, key)
        if actor is None:
            message = "Sign in, or send an API key as a bearer token."
            raise Unauthenticated(message)
    return actor


def _acting(request: Request, actor: Actor) -> Actor:
    if not actor.scope.covers(Scope.READ if request.method in _SAFE_METHODS else Scope.MANAGE):
        message = "This API key may read only."
        raise Refused(message)
    set_acting(actor, request.client.host if request.client else "")
    return actor


async def local_of(request: Request) -> None:
    """Let in whoever asks from this machine itself, without a proxy in between, and anybody with an API key."""
    if not _is_local(request):
        await admin_of(request)


def _is_local(request: Request) -> bool:
    host = request.client.host if request.client else ""
    is_forwarded = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))
    return not is_forwarded and (host == "::1" or host.startswith("127."))


async def _actor(request: Request, key: str | None) -> Actor | None:
    if key is not None:
        return await api_keys.api_key_actor(stack_of(request), key)
    return await _signed_in(request)


@asynccontextmanager
async def _proving(request: Request, kind: Kind, credential: str) -> AsyncGenerator[None, None]:
    """Count what is refused in the block against the sender's address, and remember what is not."""
    throttle, metrics = throttle_of(request), metrics_of(request)
    address = request.client.host if request.client else ""
    try:
        await throttle.admit(
            address, credential, lambda proof: suspects_of(request).is_known(stack_of(request), kind, proof)
        )
        yield
    except Throttled:
        metrics.count_throttled("failure")
        raise
    except Unauthenticated:
        metrics.count_failure(kind.value)
        await throttle.note_refused(address)
        raise
    throttle.note_accepted(credential)


async def throttled_address(request: Request, kind: str) -> None:
    """Count a request without a credential against the sender's address. Raises `Throttled`."""
    await _count(request, kind, request.client.host if request.client else "")


async def _count(request: Request, kind: str, key: str) -> None:
    try:
        await throttle_of(request).count(kind, key)
    except Throttled:
        metrics_of(request).count_throttled(kind)
        raise


async def _signed_in(request: Request) -> Actor | None:
    token = request.cookies.get(SESSION_COOKIE)
    if not token:
        return None
    if request.method not in _SAFE_METHODS and not _is_same_origin(request):
        message = "A page of another site asked for this."
        raise Refused(message)
    return await sessions.session_actor(stack_of(request), token)


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


def bearer_of(request: Request) -> str | None:
    """Return the token that a request bears, if any."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
