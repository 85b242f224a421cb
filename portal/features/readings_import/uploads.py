"""Files that a browser sent to be imported: kept on this stack for a day, under names that nobody can guess."""

import json
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import IO

from portal.core.errors import Invalid, NotFound
from portal.core.languages import tr
from portal.core.stack import Stack
from portal.core.values.texts import shown_text

MOST_BYTES = 256 * 1024 * 1024
_KEPT_SECONDS = 24 * 3600
_KEY = re.compile(r"[0-9a-f]{32}")
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that was sent: where it lies, and what it was called."""

    key: str
    path: Path
    name: str

    @property
    def size_bytes(self) -> int:
        """Its size."""
        return self.path.stat().st_size


def keep_upload(stack: Stack, name: str, content: IO[bytes]) -> UploadedFile:
    """Keep a file, and forget those of yesterday. Raises `Invalid` for an empty one."""
    folder = _folder(stack)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _forget_old(folder, stack.clock().timestamp())
    key = token_hex(16)
    made = UploadedFile(
        key, folder / key, shown_text(Path(name.replace("\\", "/")).name)[:_LONGEST_NAME] or "file"
    )
    with made.path.open("xb") as kept:
        made.path.chmod(0o600)
        shutil.copyfileobj(content, kept, 1024 * 1024)
    if not made.size_bytes:
        made.path.unlink()
        message = tr("The file is empty")
        raise Invalid(message)
    _named(made.path).write_text(json.dumps({"name": made.name}))
    return made


def find_upload(stack: Stack, key: str) -> UploadedFile:
    """Return a file that was kept. Raises `NotFound` for one that is not there any more."""
    if _KEY.fullmatch(key):
        path = _folder(stack) / key
        with suppress(OSError, ValueError, KeyError):
            return UploadedFile(
                key, path.resolve(strict=True), str(json.loads(_named(path).read_text())["name"])
            )
    message = tr("The file is not here any more: choose it again")
    raise NotFound(message)


def forget_upload(stack: Stack, key: str) -> None:
    """Remove a file that is done with."""
    with suppress(NotFound):
        found = find_upload(stack, key)
        for path in (found.path, _named(found.path)):
            path.unlink(missing_ok=True)


def _folder(stack: Stack) -> Path:
    return Path(stack.settings.storage.data_directory).resolve() / "imports"


def _named(path: Path) -> Path:
    return path.with_suffix(".json")


def _forget_old(folder: Path, now: float) -> None:
    for path in folder.iterdir():
        with suppress(OSError):
            if now - path.stat().st_mtime > _KEPT_SECONDS:
                path.unlink()
