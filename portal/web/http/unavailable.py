"""The answer to a browser while the database cannot be used: words, and another try by itself."""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from portal.core.errors import Unavailable
from portal.core.log import logger
from portal.core.outages import reason_of

_log = logger("pages")
RELOAD_SECONDS = 6
_READING = "It is tried again by itself."
_SENDING = "What you sent may not have been stored: look before you send it again."
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not available just now</title><link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; font: 16px/1.5 system-ui, sans-serif;
  background: light-dark(#f6f7f9, #111418); color: light-dark(#1c2024, #edeef0); }}
main {{ max-width: 26rem; margin: 1rem; padding: 2rem; border-radius: 16px;
  background: light-dark(#fff, #1b1f24); border: 1px solid light-dark(#e0e3e8, #2c3138); }}
h1 {{ margin: 0 0 .5rem; font-size: 1.25rem; }}
p {{ margin: 0; color: light-dark(#5a6169, #b0b8c1); }}
p + p {{ margin-top: 1rem; }}
a {{ color: inherit; }}
</style></head>
<body><main role="alert"><h1>Not available just now</h1><p>{words} {outlook}</p>{way_on}</main></body></html>
"""
_WAY_ON = '<p><a href="/">Go to the first page</a></p>'


def unavailable_answer(request: Request, error: Exception) -> Response:
    """Return the 503 for a request of a browser; said once in the log, without a trace."""
    return answer(request.method, request.headers, error)


def answer(method: str, headers: Headers, error: Exception) -> Response:
    """Return the 503 for a method and its headers."""
    _log.warning("The database cannot be used", reason=reason_of(error))
    words = error.message if isinstance(error, Unavailable) else "The service does not answer."
    is_reading = method in ("GET", "HEAD")
    about = {"Retry-After": str(RELOAD_SECONDS), "Cache-Control": "no-store"}
    if "text/html" not in headers.get("accept", ""):
        return PlainTextResponse(words, 503, about)
    if is_reading:
        about["Refresh"] = str(RELOAD_SECONDS)
    text = _PAGE.format(
        words=words, outlook=_READING if is_reading else _SENDING, way_on="" if is_reading else _WAY_ON
    )
    return HTMLResponse(text, 503, about)


HANDLERS = {Unavailable: unavailable_answer}
"""For applications of our own below the pages."""
