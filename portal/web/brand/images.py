"""Logo and icon: uploaded by an admin's browser, looked at by content, kept in the database."""

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from portal.core.brand import service as branding
from portal.core.errors import Invalid, NotFound, Throttled, TooLarge
from portal.core.stack import current
from portal.web.http.admin_forms import refusal_of_admin_form
from portal.web.http.forms import too_often

_PAGE = "/settings/branding"
_DENIED = "Only an admin may change the brand."


async def _save(request: Request) -> Response:
    if (
        refused := await refusal_of_admin_form(request, _PAGE, _DENIED, branding.MAX_IMAGE_BYTES)
    ) is not None:
        return refused
    kind = request.path_params["kind"]
    async with request.form(max_files=1, max_fields=2) as form:
        upload = form.get("image")
        content = await upload.read() if isinstance(upload, UploadFile) else b""
    try:
        await branding.save_image(current(), kind, content)
    except TooLarge:
        return RedirectResponse(f"{_PAGE}?problem=large", 303)
    except Invalid:
        return RedirectResponse(f"{_PAGE}?problem=image", 303)
    except NotFound:
        return PlainTextResponse("There is no such image.", 404)
    except Throttled as throttled:
        return too_often(throttled)
    return RedirectResponse(f"{_PAGE}?saved={kind}", 303)


async def _remove(request: Request) -> Response:
    if (refused := await refusal_of_admin_form(request, _PAGE, _DENIED)) is not None:
        return refused
    try:
        await branding.remove_image(current(), request.path_params["kind"])
    except NotFound:
        return RedirectResponse(f"{_PAGE}?problem=gone", 303)
    except Throttled as throttled:
        return too_often(throttled)
    return RedirectResponse(f"{_PAGE}?saved=removed", 303)


ROUTES = [
    Route("/auth/brand/{kind}", _save, methods=["POST"]),
    Route("/auth/brand/{kind}/remove", _remove, methods=["POST"]),
]
