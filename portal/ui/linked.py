"""Scripts and stylesheets beside the modules that use them, and where the front-end build finds them.

`rx.asset(shared=True)` is the same, but finds out who calls it from the source lines of the whole stack: for our
seventeen files that is a third of what a start of the product takes.
"""

from pathlib import Path
from typing import Final
from uuid import uuid4

from reflex_base.environment import environment

from portal.core.settings import PROJECT_ROOT

_ASSETS: Final = PROJECT_ROOT / "assets"


def linked(module_file: str, name: str) -> str:
    """Return the path below `assets/` of a file beside a module (its `__file__`), with a link there for the build.

    Where pages are served, and so are built already, no link is made. Raises `FileNotFoundError` without the file.
    """
    source = Path(module_file).resolve(strict=True).with_name(name)
    target = Path("external", source.relative_to(PROJECT_ROOT))
    if not environment.REFLEX_BACKEND_ONLY.get():
        _link(_ASSETS / target, source.resolve(strict=True))
    return target.as_posix()


def linked_script(module_file: str, name: str) -> str:
    """Return the `library` of a component whose script lies beside its module; otherwise as `linked`."""
    return f"$/public/{linked(module_file, name)}"


def _link(link: Path, source: Path) -> None:
    """Have a link there; several processes may do so at once."""
    if link.is_symlink() and link.readlink() == source:
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    made = link.with_name(f".{uuid4().hex}")
    made.symlink_to(source)
    made.replace(link)
