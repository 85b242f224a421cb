"""Machine tokens: made from 32 random bytes, stored as their SHA-256 only.

A slow password hash protects guessable secrets; a 256-bit random token cannot be guessed, and it is checked on
every request of a hot path, so a single SHA-256 and one indexed look-up is the right tool.
"""

import re
import secrets
from hashlib import sha256

_TOKEN_BYTES = 32
# The prefix lets secret scanners and people recognise a leaked key of this product.
_API_KEY_PREFIX = "pak_"
_SHAPE = re.compile(rf"(?:{_API_KEY_PREFIX})?[0-9a-f]{{{2 * _TOKEN_BYTES}}}")


def new_token() -> str:
    """Return a customer token: 32 random bytes as 64 lower-case hex characters. Show it once, store its hash."""
    return secrets.token_hex(_TOKEN_BYTES)


def new_device_token() -> str:
    """Return a device token, of the same strength and shape as a customer token."""
    return secrets.token_hex(_TOKEN_BYTES)


def new_api_key() -> str:
    """Return a machine key for the admin routes: a recognisable prefix and 64 hex characters."""
    return _API_KEY_PREFIX + secrets.token_hex(_TOKEN_BYTES)


def looks_like_token(text: str) -> bool:
    """Tell whether a text has the shape of anything this product issues; what has not, opens nothing."""
    return _SHAPE.fullmatch(text) is not None


def token_hash(token: str) -> str:
    """Return what is stored of a token or key: the SHA-256 of its characters, as 64 hex characters."""
    return sha256(token.encode("utf-8")).hexdigest()
