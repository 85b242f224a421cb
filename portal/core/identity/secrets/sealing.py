"""Seals the few secrets that have to be read again, so that a copy of the database alone opens nothing.

The key is `Authentication__SecretKey`, or else a file that is made in the data directory when it is first needed. What
was sealed under an earlier key (`Authentication__EarlierSecretKeys`, or further lines of the file) is opened as well,
until all of it has been sealed anew.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from portal.core.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

KEY_FILE = "secret.key"


class Sealer:
    """Seals texts under the first of some keys, and opens what was sealed under any."""

    def __init__(self, *keys: bytes) -> None:
        self._fernet = MultiFernet([Fernet(urlsafe_b64encode(sha256(key).digest())) for key in keys])

    def close(self, text: str) -> str:
        """Return a text sealed: nobody reads or changes it without the key."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """Return what was sealed, or None where it was sealed under another key or changed."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None

    def anew(self, sealed: str) -> str | None:
        """Return what was sealed, sealed under the first key; None where it was sealed under another or changed."""
        try:
            return self._fernet.rotate(sealed.encode()).decode()
        except InvalidToken:
            return None


def seal_of(secret_key: str, earlier: str, directory: Path) -> Sealer:
    """Return the seal of a stack, whose earlier keys have a line each.

    Raises `Misconfigured` where its key can be neither read nor made.
    """
    if secret_key:
        return Sealer(*(key.encode() for key in (secret_key, *earlier.splitlines())))
    return Sealer(*_kept_keys(directory), *(key.encode() for key in earlier.splitlines()))


def put_new_key(directory: Path) -> None:
    """Make a new key, before those that are kept. Raises `Misconfigured` as `seal_of`."""
    kept = _kept_keys(directory)
    with _said(directory):
        _write(directory / KEY_FILE, [Fernet.generate_key(), *kept])


def keep_newest_key(directory: Path) -> None:
    """Forget the earlier keys of a file, by which nothing is sealed any more. Raises `Misconfigured` as `seal_of`."""
    newest, *_ = _kept_keys(directory)
    with _said(directory):
        _write(directory / KEY_FILE, [newest])


def _kept_keys(directory: Path) -> list[bytes]:
    path = directory / KEY_FILE
    with _said(directory):
        with suppress(FileNotFoundError):
            return _read(path)
        directory.mkdir(parents=True, exist_ok=True)
        return _made(path)


@contextmanager
def _said(directory: Path) -> Generator[None, None, None]:
    path = directory / KEY_FILE
    try:
        yield
    except OSError as error:
        message = (
            f"{path.name} cannot be kept in Storage__DataDirectory ({error.strerror}): "
            "make it writable, or set Authentication__SecretKey."
        )
        raise Misconfigured(message) from None


def _made(path: Path) -> list[bytes]:
    """Make the key; of two processes that do so at once, one wins and both use it."""
    draft = _draft(path, [Fernet.generate_key()])
    try:
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    return _read(path)


def _write(path: Path, keys: Sequence[bytes]) -> None:
    """Put keys in the place of those before, at once."""
    _draft(path, keys).rename(path)


def _draft(path: Path, keys: Sequence[bytes]) -> Path:
    handle, draft = mkstemp(prefix=path.name, dir=path.parent)  # readable by this user alone
    with os.fdopen(handle, "wb") as file:
        file.write(b"\n".join(keys))
        file.flush()
        os.fsync(file.fileno())
    return Path(draft)


def _read(path: Path) -> list[bytes]:
    keys = path.read_bytes().strip().splitlines()
    if not keys:
        raise OSError(0, "it is empty")
    return keys
