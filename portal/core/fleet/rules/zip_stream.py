"""A ZIP archive that is made while it is sent: no file of it is ever whole in memory or on a disk."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

if TYPE_CHECKING:
    from datetime import datetime

_MEGABYTE = 1_000_000


class _Outlet:
    """Takes what an archive writes, until it is taken away; it cannot be gone back in, as a connection cannot."""

    def __init__(self) -> None:
        self.held = bytearray()

    def write(self, part: bytes) -> int:
        self.held += part
        return len(part)

    def flush(self) -> None:
        """Nothing is held back."""


class ZippedFile(NamedTuple):
    """A file of the archive: how long it is before it is packed, and its SHA-256 (hex)."""

    name: str
    size_bytes: int
    rows: int
    sha256: str


class ZipStream:
    """Packs files one after the other: `begin`, `write` as often as wanted, `end`; `taken` is what to send so far."""

    def __init__(self, made_at: datetime) -> None:
        """`made_at` is what the files are dated."""
        self._outlet = _Outlet()
        # Any: of a file it is given, the library needs these two methods.
        self._zip = ZipFile(cast("Any", self._outlet), "w", ZIP_DEFLATED, allowZip64=True, compresslevel=6)
        self._date = made_at.timetuple()[:6]
        self.files: list[ZippedFile] = []

    def begin(self, name: str) -> None:
        """Begin a file."""
        info = ZipInfo(name, self._date)
        info.compress_type, info.external_attr = ZIP_DEFLATED, 0o600 << 16
        # Nobody knows how long it becomes.
        self._file = self._zip.open(info, "w", force_zip64=True)
        self._name, self._size, self._digest = name, 0, sha256()

    def write(self, part: bytes) -> None:
        """Add to the file that was begun."""
        self._file.write(part)
        self._digest.update(part)
        self._size += len(part)

    def end(self, rows: int) -> None:
        """End the file, which has so many rows."""
        self._file.close()
        self.files.append(ZippedFile(self._name, self._size, rows, self._digest.hexdigest()))

    def taken(self, *, whole: bool = False) -> bytes:
        """Return what is packed and was not taken yet; nothing of less than a megabyte unless `whole`."""
        if not whole and len(self._outlet.held) < _MEGABYTE:
            return b""
        part, self._outlet.held = bytes(self._outlet.held), bytearray()
        return part

    def close(self) -> None:
        """End the archive."""
        self._zip.close()
