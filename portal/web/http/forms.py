"""What every form has to pass before anything in it is looked at."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from portal.core.errors import Throttled
from portal.core.stack import current
from portal.web.http.origin import is_same_origin

MAX_FORM_BYTES = 16_384


def refusal_of(request: Request, most_bytes: int | None = None) -> Response | None:
    """Return the answer to a form of another site or a body that is too large, or None for one of ours."""
    if not is_same_origin(request.headers, current().settings.application.public_url):
        return PlainTextResponse("This form was sent from another site, so it was not accepted.", 403)
    # A body that does not say how long it is would be read to its end, however far that is.
    length = request.headers.get("content-length", "")
    if most_bytes is not None and (not length.isdecimal() or int(length) > most_bytes):
        return PlainTextResponse("The form is too large.", 413)
    return None


def too_often(refused: Throttled) -> Response:
    """Return the answer to somebody who has done this too often."""
    return PlainTextResponse(refused.message, 429, {"Retry-After": str(refused.retry_after_seconds)})


def address_of(request: Request) -> str:
    """Return where a request comes from."""
    return request.client.host if request.client else ""
