"""Takes a bundle of firmware that an admin's browser sends."""

from urllib.parse import urlencode

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from portal.client.nav import BOARDS
from portal.core.boards.service import releases
from portal.core.errors import Conflict, Invalid
from portal.core.languages import tr
from portal.core.stack import current
from portal.web.http.admin_forms import refusal_of_admin_form

UPLOAD = "/auth/firmware"


async def _upload(request: Request) -> Response:
    denied = tr("Only an admin may add firmware.")
    refused = await refusal_of_admin_form(request, BOARDS, denied, releases.MOST_BUNDLE_BYTES)
    if refused is not None:
        return refused
    async with request.form(max_files=1, max_fields=1) as form:
        upload = form.get("bundle")
        bundle = await upload.read() if isinstance(upload, UploadFile) else b""
    try:
        return _back(added=await releases.add_release(current(), bundle))
    except Invalid:
        return _back(problem="no-bundle")
    except Conflict:
        return _back(problem="there")


def _back(**query: str) -> Response:
    return RedirectResponse(f"{BOARDS}?{urlencode(query)}", 303)


ROUTES = [Route(UPLOAD, _upload, methods=["POST"])]
