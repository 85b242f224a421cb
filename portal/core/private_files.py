"""Files that only their owner reads."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_OWNER_ONLY = 0o600


def open_log(path: Path, *, anew: bool = False) -> IO[bytes]:
    """Open a log to add to it, or anew; made or there already, nobody but its owner reads it."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if anew else 0)
    handle = os.open(path, flags, _OWNER_ONLY)
    with suppress(PermissionError):  # another owner's: theirs to say who reads it
        os.fchmod(handle, _OWNER_ONLY)
    return os.fdopen(handle, "ab")


def keep_private(path: Path) -> None:
    """Let nobody but its owner read a file that an earlier release may have made."""
    with suppress(FileNotFoundError, PermissionError):
        path.chmod(_OWNER_ONLY)
