"""Machine tokens: made from 32 random bytes, stored as their SHA-256 only.

A slow password hash protects guessable secrets; a 256-bit random token cannot be guessed, and it is checked on
every request of a hot path, so a single SHA-256 and one indexed look-up is the right tool.
"""

import secrets
from hashlib import sha256

_TOKEN_BYTES = 32
# The prefix lets secret scanners and people recognise a leaked key of this product.
_API_KEY_PREFIX = "pak_"


def new_token() -> str:
    """Return a customer token: 32 random bytes as 64 lower-case hex characters. Show it once, store its hash."""
    return secrets.token_hex(_TOKEN_BYTES)


def new_device_token() -> str:
    """Return a device token, of the same strength and shape as a customer token."""
    return secrets.token_hex(_TOKEN_BYTES)


def new_api_key() -> str:
    """Return a machine key for the admin routes: a recognisable prefix and 64 hex characters."""
    return _API_KEY_PREFIX + secrets.token_hex(_TOKEN_BYTES)


def token_hash(token: str) -> str:
    """Return what is stored of a token or key: the SHA-256 of its characters, as 64 hex characters."""
    return sha256(token.encode("utf-8")).hexdigest()
