"""Seals the few secrets that have to be read again, so that a copy of the database alone opens nothing.

The key is `Authentication__SecretKey`, or else a file that is made in the data directory when it is first needed.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp

from cryptography.fernet import Fernet, InvalidToken

from portal.core.errors import Misconfigured

KEY_FILE = "secret.key"


class Sealer:
    """Seals texts and opens them again under one key."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(urlsafe_b64encode(sha256(key).digest()))

    def close(self, text: str) -> str:
        """Return a text sealed: nobody reads or changes it without the key."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """Return what was sealed, or None where it was sealed under another key or changed."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None


@cache
def seal_of(secret_key: str, directory: Path) -> Sealer:
    """Return the seal of a stack. Raises `Misconfigured` where its key can be neither read nor made."""
    return Sealer(secret_key.encode() if secret_key else _kept_key(directory))


def _kept_key(directory: Path) -> bytes:
    path = directory / KEY_FILE
    try:
        with suppress(FileNotFoundError):
            return _read(path)
        directory.mkdir(parents=True, exist_ok=True)
        return _made(path)
    except OSError as error:
        message = (
            f"{path.name} cannot be kept in Storage__DataDirectory ({error.strerror}): "
            "make it writable, or set Authentication__SecretKey."
        )
        raise Misconfigured(message) from None


def _made(path: Path) -> bytes:
    """Make the key; of two processes that do so at once, one wins and both use it."""
    handle, draft = mkstemp(prefix=path.name, dir=path.parent)  # readable by this user alone
    with os.fdopen(handle, "wb") as file:
        file.write(Fernet.generate_key())
        file.flush()
        os.fsync(file.fileno())
    try:
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
    return _read(path)


def _read(path: Path) -> bytes:
    key = path.read_bytes().strip()
    if not key:
        raise OSError(0, "it is empty")
    return key
