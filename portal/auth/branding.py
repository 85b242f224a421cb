"""The product's name and mark, served at run time: a build carries no brand."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.auth.palette import declarations
from portal.core.stack import current

STYLESHEET_PATH = "/branding.css"
ICON_PATH = "/brand/icon.svg"
# A flash in the accent colour; replaced by the customer's logo where there is one.
_COLOUR = "#1f5fd6"
# The scale the theme of portal.ui calls its accent; all of it is replaced, one step alone would leave the rest blue.
_THEME_SCALE = "blue"
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="8" fill="{colour}"/>'
    '<path d="M17.9 5.5 8.6 17.6a.8.8 0 0 0 .6 1.3h5.1l-1.2 7.2a.6.6 0 0 0 1.1.4l9.2-12.1a.8.8 0 0 0-.6-1.3h-5.1'
    'L19 5.9a.6.6 0 0 0-1.1-.4z" fill="#fff"/></svg>'
)
_REVALIDATE = {"Cache-Control": "no-cache"}


def stylesheet(name: str) -> str:
    """Return the stylesheet that tells the pages what the product is called."""
    # CSS escapes are the code point in hexadecimal and a blank.
    safe = "".join(c if c.isalnum() or c == " " else f"\\{ord(c):x} " for c in name)
    light, dark = (declarations(_COLOUR, _THEME_SCALE, dark=is_dark) for is_dark in (False, True))
    # Each selector is doubled: the theme's own scale is in a later stylesheet and must still lose.
    return (
        f':root{{--brand-name:"{safe}"}}'
        f":root:root,.light.light,.light-theme.light-theme{{{light}}}"
        f".dark.dark,.dark-theme.dark-theme{{{dark}}}"
    )


async def _branding_css(_: Request) -> Response:
    return Response(
        stylesheet(current().settings.application.name), media_type="text/css", headers=_REVALIDATE
    )


async def _icon(_: Request) -> Response:
    return Response(_ICON.replace("{colour}", _COLOUR), media_type="image/svg+xml", headers=_REVALIDATE)


ROUTES = [Route(STYLESHEET_PATH, _branding_css), Route(ICON_PATH, _icon)]
