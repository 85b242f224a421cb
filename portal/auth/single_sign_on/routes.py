"""To the provider of single sign-on, and back."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from portal.auth.single_sign_on import flow
from portal.auth.single_sign_on.provider import Challenge, Claims, Provider
from portal.core.errors import Conflict, Invalid, Misconfigured, PortalError, Unauthenticated, Unavailable
from portal.core.fleet.service import operators
from portal.core.identity.rules.groups import Admission, GroupRules, admission
from portal.core.identity.service import external
from portal.core.identity.service.external import ProvedPerson
from portal.core.log import logger
from portal.core.settings import RunMode, SingleSignOn
from portal.core.stack import current
from portal.web.http.forms import address_of
from portal.web.http.origin import local_path
from portal.web.http.session import set_cookie

START = "/auth/sso"
_log = logger("single-sign-on")
_providers: dict[SingleSignOn, Provider] = {}


async def _start(request: Request) -> Response:
    """Send the browser to the provider."""
    settings = current().settings.single_sign_on
    if not settings.issuer:
        return PlainTextResponse("Single sign-on is not set up here.", 404)
    onward = local_path(request.query_params.get("next"))
    try:
        address, challenge = await _provider(settings).begin(onward, _callback(request))
    except Unavailable as error:
        return _refused(error)
    response = RedirectResponse(address, 303)
    flow.keep(response, request, challenge)
    return response


async def _back(request: Request) -> Response:
    """Take the provider's answer, and sign in whom it proves."""
    settings = current().settings.single_sign_on
    try:
        challenge = _begun_here(request, settings)
        code = request.query_params.get("code", "")
        claims = await _provider(settings).finish(challenge, code, _callback(request))
        token = await _sign_in(request, settings, claims)
    except (Unauthenticated, Unavailable, Conflict, Invalid, Misconfigured) as error:
        response = _refused(error)
    else:
        response = RedirectResponse(challenge.onward, 303)
        set_cookie(response, request, token)
    flow.forget(response)
    return response


def _begun_here(request: Request, settings: SingleSignOn) -> Challenge:
    """Return what this browser's log-in has to fit. Raises `Unauthenticated` for an answer that nobody asked for."""
    query, challenge = request.query_params, flow.kept_in(request)
    if not settings.issuer or challenge is None or query.get("state") != challenge.state:
        raise Unauthenticated("This log-in was not begun here, or took too long.")
    if "error" in query:
        raise Unauthenticated("The provider did not sign you in.")
    return challenge


async def _sign_in(request: Request, settings: SingleSignOn, claims: Claims) -> str:
    stack = current()
    rules = GroupRules(settings.admin_groups, settings.user_groups, settings.customer_group_prefix)
    comes_in = admission(claims.groups, rules)
    if comes_in is None or (comes_in.customers is not None and stack.settings.run_mode is not RunMode.ADMIN):
        raise Unauthenticated("None of your groups lets you in here.")
    person = ProvedPerson(settings.issuer, claims.subject, claims.email)
    user_id = await external.admit(stack, person, comes_in)
    if comes_in.says_customers:
        await _limit(claims, comes_in)
    return await external.open_session(
        stack, user_id, address_of(request), request.headers.get("user-agent", "")
    )


async def _limit(claims: Claims, comes_in: Admission) -> None:
    """Let a person see the customers of their groups; one that is not there is left out.

    Asked only where groups say it: elsewhere what was set by hand stays.
    """
    stack = current()
    if stack.settings.run_mode is RunMode.ADMIN:
        await operators.follow_groups(stack, claims.email, comes_in.customers)


def _refused(error: PortalError) -> Response:
    _log.warning("Nobody was signed in by the provider", reason=error.message)
    return RedirectResponse(f"/login?{urlencode({'error': 'sso', 'why': error.code})}", 303)


def _provider(settings: SingleSignOn) -> Provider:
    return _providers.setdefault(settings, Provider(settings))


def _callback(request: Request) -> str:
    """Return the address that the provider knows this stack by."""
    public_url = current().settings.application.public_url.rstrip("/")
    return f"{public_url}{flow.CALLBACK}" if public_url else str(request.url_for("sso_callback"))


ROUTES = (
    Route(START, _start, methods=["GET"]),
    Route(flow.CALLBACK, _back, methods=["GET"], name="sso_callback"),
)
