"""What a browser keeps of a log-in while it is at the provider: sealed, for some minutes, for the way back alone."""

from dataclasses import asdict
from time import time

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from portal.auth.single_sign_on.provider import Challenge
from portal.core.identity import proof
from portal.core.stack import current

CALLBACK = "/auth/sso/callback"
_COOKIE = "portal_sso"
_SECONDS = 600


class _Kept(msgspec.Struct):
    state: str
    nonce: str
    verifier: str
    onward: str
    until: float


def keep(response: Response, request: Request, challenge: Challenge) -> None:
    """Hand it to the browser. The way back comes from another site, so the cookie is `lax`."""
    kept = msgspec.json.encode({**asdict(challenge), "until": time() + _SECONDS})
    response.set_cookie(
        _COOKIE,
        proof.seal(current()).close(kept.decode()),
        max_age=_SECONDS,
        path=CALLBACK,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def kept_in(request: Request) -> Challenge | None:
    """Return what the browser kept; None where there is nothing, or nothing of this stack, or of too long ago."""
    opened = proof.seal(current()).open(request.cookies.get(_COOKIE, ""))
    if opened is None:
        return None
    found = msgspec.json.decode(opened, type=_Kept)
    if found.until < time():
        return None
    return Challenge(found.state, found.nonce, found.verifier, found.onward)


def forget(response: Response) -> None:
    """Take it back: it is used once."""
    response.delete_cookie(_COOKIE, path=CALLBACK, httponly=True, samesite="lax")
