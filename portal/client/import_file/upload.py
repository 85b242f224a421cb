"""Takes the file that an admin's browser sends, before it is looked at on the page."""

import asyncio
from urllib.parse import urlencode

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from portal.core.errors import Invalid
from portal.core.languages import tr
from portal.core.stack import current
from portal.features.readings_import import uploads
from portal.web.http.admin_forms import refusal_of_admin_form

PAGE = "/sites/import"


async def _upload(request: Request) -> Response:
    denied = tr("Only an admin may import readings.")
    refused = await refusal_of_admin_form(request, PAGE, denied, uploads.MOST_BYTES)
    if refused is not None:
        return refused
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
