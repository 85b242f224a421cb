"""`portal files`: the compose file and the dashboards of this release, into the folder of a stack that runs already.

They come out of the image, so that a release is served by the files it was made with. `.env` and `secrets/` stay; what
is replaced is kept beside, with `.before` at its name.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import typer
from dotenv import dotenv_values

from portal.commands import bundle
from portal.commands.output import AsJson, answer
from portal.core.errors import Invalid, Misconfigured
from portal.core.settings import RunMode

_REPLACED = ("compose.yaml", "grafana/provisioning", "grafana/dashboards")
_IMAGE = re.compile(r"^PORTAL_IMAGE=.*$", re.MULTILINE)
_EARLIER = ".before"


@dataclass(frozen=True)
class StackFiles:
    """Which files of a stack's folder (`id`) were replaced, and which secrets were made since they were missing."""

    id: str
    replaced: list[str]
    made_secrets: list[str]
    image: str | None


def write_stack_files(
    folder: Path,
    image: Annotated[
        str | None, typer.Option(help="The image of the release, for PORTAL_IMAGE in .env.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write this release's compose file and dashboards into the FOLDER of a stack; `.env` and secrets stay."""
    done = renew(folder, image)
    words = (
        f"{folder} has the files of this release. What they replaced is beside them, ending in {_EARLIER}."
    )
    made = f" Made: secrets/{', secrets/'.join(done.made_secrets)}." if done.made_secrets else ""
    answer(done, words + made, as_json=as_json)


def renew(folder: Path, image: str | None) -> StackFiles:
    """Do what `portal files` does. Raises `Invalid`, and `Misconfigured` where the folder cannot be written to."""
    mode = _mode_of(folder)
    if image is not None:
        bundle.require_image(image)
    try:
        made = Path(mkdtemp(prefix=".release-", dir=folder))
        try:
            bundle.lay_out(made, mode)
            replaced = [name for name in _REPLACED if _put(made / name, folder / name)]
        finally:
            shutil.rmtree(made, ignore_errors=True)
        secrets = bundle.add_secrets(folder / "secrets")
        if image is not None:
            _name_image(folder / ".env", image)
    except OSError as error:
        raise Misconfigured(f"{error.filename or folder} cannot be written: {error.strerror}.") from None
    return StackFiles(str(folder), replaced, secrets, image)


def _mode_of(folder: Path) -> RunMode:
    said = dotenv_values(folder / ".env", interpolate=False).get("RUN_MODE") if folder.is_dir() else None
    try:
        return RunMode(said or "")
    except ValueError:
        raise Invalid(f"{folder} is not the folder of a stack: its .env names no RUN_MODE.") from None


def _put(new: Path, target: Path) -> bool:
    """Put a file or a folder where another is, which is kept beside; False where nothing was there."""
    earlier = target.with_name(target.name + _EARLIER)
    was_there = target.exists()
    if was_there:
        shutil.rmtree(earlier) if earlier.is_dir() else earlier.unlink(missing_ok=True)
        target.rename(earlier)
    target.parent.mkdir(parents=True, exist_ok=True)
    new.rename(target)
    return was_there


def _name_image(path: Path, image: str) -> None:
    text, line = path.read_text("utf-8"), f"PORTAL_IMAGE={image}"
    changed, count = _IMAGE.subn(line, text)
    new = path.with_name(f"{path.name}.new")
    new.write_text(changed if count else f"{text.rstrip()}\n{line}\n", encoding="utf-8")
    shutil.copymode(path, new)
    new.rename(path)
