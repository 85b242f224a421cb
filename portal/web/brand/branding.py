"""The product's name, colours and marks, served at run time: a build carries no brand."""

import hashlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.core.brand import service as branding
from portal.core.brand.service import Brand
from portal.core.stack import current
from portal.web.brand.palette import declarations, line_colour, scale
from portal.web.events.brand_watch import brand_of

STYLESHEET_PATH = "/branding.css"
ICON_PATH = "/brand/icon"
LOGO_PATH = "/brand/logo"
# The scale the theme of portal.ui calls its accent; all of it is replaced, one step alone would leave the rest blue.
_THEME_SCALE = "blue"
# A flash in the brand's colour, where there is no image of the customer's own.
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="8" fill="{fill}"/>'
    '<path d="M17.9 5.5 8.6 17.6a.8.8 0 0 0 .6 1.3h5.1l-1.2 7.2a.6.6 0 0 0 1.1.4l9.2-12.1a.8.8 0 0 0-.6-1.3h-5.1'
    'L19 5.9a.6.6 0 0 0-1.1-.4z" fill="{ink}"/></svg>'
)
# An image is only ever an image: opened by itself it may load and run nothing.
_IMAGE_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
_OTHER_KIND = {"logo": "icon", "icon": "logo"}


# Runs once the stylesheet above it is there and before anything is painted: a person's own choice, or else the brand's.
# The key "theme" is where the pages' own switch looks; "own-theme" is what the person chose with it.
FIRST_FRAME = """(() => {
  try {
    const root = document.documentElement;
    const brand = getComputedStyle(root).getPropertyValue("--brand-appearance").trim() || "system";
    const wanted = localStorage.getItem("own-theme") || brand;
    localStorage.setItem("theme", wanted);
    const device = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const shown = wanted === "system" ? device : wanted;
    root.classList.remove("light", "dark");
    root.classList.add(shown);
    root.style.colorScheme = shown;
  } catch {}
})()"""


def stylesheet(brand: Brand) -> str:
    """Return the stylesheet that tells the pages what the product is called and what it looks like."""
    primary, accent = brand.primary_color, brand.accent_color
    light, dark = (_colors(primary, accent, dark=is_dark) for is_dark in (False, True))
    # Each selector is doubled: the theme's own scale is in a later stylesheet and must still lose.
    return (
        f':root{{--brand-name:"{_css_text(brand.product_name)}";--brand-version:"{_css_text(brand.version)}";'
        f"--brand-appearance:{brand.appearance}}}"
        f":root:root,.light.light,.light-theme.light-theme{{{light}}}"
        f".dark.dark,.dark-theme.dark-theme{{{dark}}}"
    )


def _css_text(text: str) -> str:
    # CSS escapes are the code point in hexadecimal and a blank.
    return "".join(c if c.isalnum() or c == " " else f"\\{ord(c):x} " for c in text)


def _colors(primary: str, accent: str, *, dark: bool) -> str:
    line = line_colour(accent, dark=dark)
    return f"{declarations(primary, _THEME_SCALE, dark=dark)};--brand-accent:{line}"


async def _branding_css(request: Request) -> Response:
    brand = await brand_of(current())
    headers = {"Cache-Control": "no-cache"}
    return _revalidated(request, stylesheet(brand).encode(), "text/css", headers)


async def _image(request: Request) -> Response:
    kind, stack = request.url.path.rsplit("/", 1)[-1], current()
    brand = await brand_of(stack)
    for wanted in (kind, _OTHER_KIND[kind]):
        if (brand.has_logo if wanted == "logo" else brand.has_icon) and (
            image := await branding.find_image(stack, wanted)
        ):
            return _revalidated(request, image.content, image.media_type, _IMAGE_HEADERS)
    return _revalidated(request, _drawn(brand).encode(), "image/svg+xml", _IMAGE_HEADERS)


def _drawn(brand: Brand) -> str:
    steps, ink = scale(brand.primary_color, dark=False)
    return _ICON.format(fill=steps[8], ink=ink)


def _revalidated(request: Request, content: bytes, media_type: str, headers: dict[str, str]) -> Response:
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = headers | {"ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


ROUTES = [Route(STYLESHEET_PATH, _branding_css), Route(ICON_PATH, _image), Route(LOGO_PATH, _image)]
