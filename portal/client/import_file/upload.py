"""Takes the file that an admin's browser sends, before it is looked at on the page."""

import asyncio
from urllib.parse import urlencode

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from portal.core.access import Role
from portal.core.errors import Invalid
from portal.core.languages import tr
from portal.core.stack import current
from portal.features.readings_import import uploads
from portal.web.http.forms import refusal_of
from portal.web.http.session import actor_of, token_in

PAGE = "/sites/import"
_FORM_OVERHEAD_BYTES = 4096


async def _upload(request: Request) -> Response:
    actor = await actor_of(token_in(request.headers.get("cookie")))
    if actor is None:
        return RedirectResponse("/login", 303)
    if not actor.role.covers(Role.ADMIN):
        return PlainTextResponse(tr("Only an admin may import readings."), 403)
    refused = refusal_of(request, uploads.MOST_BYTES + _FORM_OVERHEAD_BYTES)
    if refused is not None:
        return _back(problem="large") if refused.status_code == 413 else refused
    async with request.form(max_files=1, max_fields=2) as form:
        upload, device = form.get("file"), str(form.get("device", ""))[:36]
        if not isinstance(upload, UploadFile) or not upload.filename:
            return _back(problem="none", device=device)
        try:
            kept = await asyncio.to_thread(uploads.keep_upload, current(), upload.filename, upload.file)
        except Invalid:
            return _back(problem="empty", device=device)
    return _back(file=kept.key, device=device)


def _back(**query: str) -> Response:
    given = urlencode({name: value for name, value in query.items() if value})
    return RedirectResponse(f"{PAGE}?{given}", 303)


ROUTES = [Route("/auth/readings-file", _upload, methods=["POST"])]
