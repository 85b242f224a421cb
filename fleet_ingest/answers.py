"""How answers and errors look: JSON in camelCase, and one envelope for everything that went wrong."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from fleet_ingest.bodies import BodyTooSlow
from portal.core.errors import (
    Conflict,
    Invalid,
    Misconfigured,
    NotFound,
    Outdated,
    PortalError,
    Refused,
    Throttled,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Undelivered,
)
from portal.core.exchange.batches import ENCODER
from portal.core.log import logger
from portal.core.outages import is_unusable, reason_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    Endpoint = Callable[[Request], Awaitable[Response]]

_log = logger("api")

_STATUS: dict[type[PortalError], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Refused: 403,
    NotFound: 404,
    Conflict: 409,
    BodyTooSlow: 408,
    Outdated: 412,
    TooLarge: 413,
    Throttled: 429,
    Undelivered: 502,
}
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed"}
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_CLIENT_CLOSED = 499


def json_answer(payload: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response; decimals become exact numbers, instants ISO 8601."""
    return Response(
        ENCODER.encode(payload), status, {**HEADERS, **(headers or {})}, media_type="application/json"
    )


def thing_answer(payload: object, version: str, status: int = 200, location: str | None = None) -> Response:
    """Return one thing, with its version for `If-Match`, and where it is when it is new."""
    located = {} if location is None else {"Location": location}
    return json_answer(payload, status, {"ETag": f'"{version}"', **located})


def page_answer(request: Request, payload: object, following: str | None) -> Response:
    """Return a page of a list, with the address of the page that follows as a link."""
    if following is None:
        return json_answer(payload)
    address = request.url.include_query_params(cursor=following)
    return json_answer(payload, headers={"Link": f'<{address.path}?{address.query}>; rel="next"'})


def no_content() -> Response:
    """Return the answer to what was done and leaves nothing to show."""
    return Response(status_code=204, headers=HEADERS)


def error_answer(
    status: int,
    code: str,
    message: str,
    details: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the error envelope `{"error": {"code", "message", "details"?}}`."""
    error: dict[str, object] = {"code": code, "message": message}
    if details is not None:
        error["details"] = details
    return json_answer({"error": error}, status, headers)


def status_of(error: PortalError) -> int:
    """Return the status by which an error of the product is answered."""
    return _known_status(error) or (503 if isinstance(error, Unavailable | Misconfigured) else 500)


def _known_status(error: PortalError) -> int | None:
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), None)


def portal_error_answer(error: PortalError, challenge: str = "Bearer") -> Response:
    """Return the answer to one of the product's own errors; those that are not the caller's fault are a plain 500.

    `challenge` is the scheme of the credential that the route takes.
    """
    status = _known_status(error)
    if isinstance(error, Unavailable):
        _say_unavailable(error)
        return _unavailable()
    if status is None:
        _log.error("A request failed", code=error.code, reason=error.message)
        return _unavailable() if isinstance(error, Misconfigured) else _internal()
    return error_answer(status, error.code, error.message, error.details, _headers_of(error, challenge))


def _headers_of(error: PortalError, challenge: str) -> dict[str, str] | None:
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": challenge}
    if isinstance(error, Throttled):
        return {"Retry-After": str(error.retry_after_seconds)}
    return None


def endpoint(handler: Endpoint, challenge: str = "Bearer") -> Endpoint:
    """Wrap a handler so that every failure leaves as the envelope, whatever application it is mounted in.

    `challenge` is the scheme of the credential that it takes.
    """

    @wraps(handler)
    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except PortalError as error:
            return portal_error_answer(error, challenge)
        except HTTPException as error:
            return http_error_answer(error)
        except ClientDisconnect:
            return Response(status_code=_CLIENT_CLOSED)
        except Exception as error:  # noqa: BLE001 - the outermost layer: nothing may leave as a trace
            if is_unusable(error):
                _say_unavailable(error)
                return _unavailable()
            _log.exception("A request failed", path=request.url.path)
            return _internal()

    return answered


def http_error_answer(error: HTTPException) -> Response:
    """Return the envelope of a routing error such as 404 or 405."""
    code = _HTTP_CODES.get(error.status_code, "error")
    return error_answer(error.status_code, code, str(error.detail), headers=error.headers)


def _say_unavailable(error: BaseException) -> None:
    _log.warning("The database cannot be used", reason=reason_of(error))


def _unavailable() -> Response:
    message = "The service is not available just now; try again."
    return error_answer(503, "unavailable", message, headers={"Retry-After": "5"})


def _internal() -> Response:
    return error_answer(500, "internal", "Something went wrong on our side; try again.")
