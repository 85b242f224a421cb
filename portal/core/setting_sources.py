"""Where settings come from: names in the environment and in a `.env` file, and files that hold one value each.

A name is `Section__Name` in any case. Names of other programs are passed over; one that is meant for this product
and is none of its names is said by name.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv.parser import parse_stream
from pydantic_settings import BaseSettings, EnvSettingsSource

from portal.core.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE = "_file"
_SHORT_FORMS = {"runmode": "application__runmode"}
# How alike a name must be to one of ours to be taken for it: `Aplication__RunMode` is, and names of other programs,
# such as `GF_SECURITY_ADMIN_PASSWORD__FILE`, are not.
_ALIKE = 0.8
# Settings are read before the product's log is set up, which then takes over the loggers of the standard library.
_log = logging.getLogger("settings")


@dataclass(frozen=True)
class SettingSource:
    """Names with their values, as one source has them. In a source of the product's own, a misspelt name is refused."""

    words: str
    given: Mapping[str, str | None] = field(repr=False)
    is_own: bool = False


def environment(given: Mapping[str, str]) -> SettingSource:
    """Return the environment as a source that settings are read from."""
    return SettingSource("the environment", given)


def env_file(path: Path) -> SettingSource:
    """Return a `.env` file as a source; one that is not there holds nothing. Values are taken as they stand.

    Raises `Misconfigured` for a file, or a line of it, that cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Misconfigured(f"{path} is not text in UTF-8.") from None
    given: dict[str, str | None] = {}
    for line in parse_stream(StringIO(lines)):
        # A line of another program, which may read it another way, has no such name.
        is_ours = "__" in line.original.string or (line.key or "").lower() in _SHORT_FORMS
        if is_ours and (line.error or (line.key is not None and line.value is None)):
            raise Misconfigured(
                f"Line {line.original.line} of {path} cannot be read: NAME=value is expected."
            )
        if line.error:
            _log.warning("Line %s of %s is no NAME=value and is passed over", line.original.line, path)
        elif line.key is not None:
            given[line.key] = line.value
    return SettingSource(str(path), given, is_own=True)


class NamedValues(EnvSettingsSource):
    """The settings found in one source. They go to their sections by the names that are the fields' aliases."""

    def __init__(self, settings_cls: type[BaseSettings], values: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self.env_vars = values


def read_sources(sources: tuple[SettingSource, ...], documented: frozenset[str]) -> list[dict[str, str]]:
    """Return what each source says of the documented names, in lower case; earlier sources come first.

    A value's file is only read where nothing before it gives the value. Raises `Misconfigured` for a file that
    cannot be read and for a name that is meant for the product and is not documented.
    """
    names = {name.lower(): name for name in sorted(documented)}
    found: list[dict[str, str]] = []
    for source in sources:
        taken = {name for earlier in found for name in earlier}
        found.append(_read(source, names, taken))
    return found


def _read(source: SettingSource, names: Mapping[str, str], taken: set[str]) -> dict[str, str]:
    plain: dict[str, str] = {}
    short: dict[str, str] = {}
    files: dict[str, str] = {}
    for written, value in source.given.items():
        name = written.lower()
        if value is None:
            continue
        if name in names:
            plain[name] = value
        elif name in _SHORT_FORMS:
            short[_SHORT_FORMS[name]] = value
        elif name.endswith(_FILE) and name.removesuffix(_FILE) in names:
            files[name.removesuffix(_FILE)] = value
        else:
            _look_at_unknown(source, written, names)
    plain = short | plain
    wanted = files.keys() - plain.keys() - taken
    return plain | {name: _content(names[name], files[name]) for name in wanted}


def _content(name: str, path: str) -> str:
    try:
        value = Path(path).read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise Misconfigured(f"{name}_FILE names a file that cannot be read: {error.strerror}") from None
    except ValueError:  # not UTF-8, or a path that cannot be one
        raise Misconfigured(f"{name}_FILE names a file that is not text in UTF-8") from None
    if "\x00" in value:
        raise Misconfigured(f"{name}_FILE names a file that holds a NUL character")
    return value


def _look_at_unknown(source: SettingSource, written: str, names: Mapping[str, str]) -> None:
    section, mark, name = written.lower().partition("__")
    if not (section and mark and name):
        return
    ending = "_FILE" if name.endswith(_FILE) else ""
    wanted = f"{section}__{name.removesuffix(_FILE)}"
    of_section = [known for known in names if known.startswith(f"{section}__")]
    near = get_close_matches(wanted, of_section or names, 1, 0 if of_section else _ALIKE)
    if not near:
        return
    said = f"{written} in {source.words} is not a setting; the nearest is {names[near[0]]}{ending}."
    if of_section or source.is_own:
        raise Misconfigured(said)
    _log.warning("%s", said)
