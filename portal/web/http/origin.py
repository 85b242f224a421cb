"""Whether a request comes from this site's own pages.

The session cookie is SameSite=Lax; this closes what that leaves open (a websocket, another port of the
same host) by comparing the browser's own statement of origin with the host the request was sent to.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

_OWN_SITES = ("same-origin", "none")


def is_same_origin(headers: Mapping[str, str], public_url: str = "", *, any_port: bool = False) -> bool:
    """Tell whether the headers (lower-case names) are those of a request from our own page.

    A client that states no origin is not a browser acting for somebody else's page, so it passes.
    `public_url` is accepted too, for proxies that rewrite Host; `any_port` is for the development server.
    """
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") in _OWN_SITES
    asked = urlsplit(origin)
    own = {headers.get("host", "").lower(), urlsplit(public_url).netloc.lower()} - {""}
    if any_port:
        return asked.hostname in {urlsplit(f"//{host}").hostname for host in own}
    return asked.netloc.lower() in own


def local_path(wanted: str | None) -> str:
    """Return a path of this site to go on to, or `/` for anything that would lead elsewhere."""
    path = wanted or "/"
    # Browsers read "//host" and "/\host" as another site's address, and drop control characters on the way.
    is_own = (
        path.startswith("/")
        and not path.startswith(("//", "/\\"))
        and path.isprintable()
        and "\\" not in path
    )
    return path if is_own and not path.startswith(("/login", "/auth/")) else "/"
