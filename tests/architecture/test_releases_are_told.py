"""Releases: the changes, the version and what upgrades know of them say the same."""

from __future__ import annotations

import re
import tomllib

from portal.core.database.migrations import heads_of
from portal.core.database.releases import RELEASES, release_of
from portal.core.settings import RunMode
from tests.architecture.source import ROOT

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_RELEASED = re.compile(r"(\d+)\.(\d+)\.(\d+) - \d{4}-\d{2}-\d{2}")


def _version() -> str:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def test_changes_are_told_by_release_the_newest_first() -> None:
    unreleased, *released = _HEADING.findall((ROOT / "CHANGELOG.md").read_text("utf-8"))
    found = [_RELEASED.fullmatch(each) for each in released]
    assert unreleased == "Unreleased"
    assert None not in found, released
    numbers = [tuple(map(int, each.groups())) for each in found if each]
    assert numbers == sorted(set(numbers), reverse=True)
    assert [".".join(map(str, number)) for number in reversed(numbers)] == [each.version for each in RELEASES]


def test_the_version_is_the_newest_release_or_what_comes_after_it() -> None:
    version, newest = _version(), RELEASES[-1].version
    told = re.fullmatch(r"(\d+\.\d+\.\d+)(\.dev0)?", version)
    assert told, version
    key = tuple(map(int, told[1].split(".")))
    assert version == newest or (told[2] and key > tuple(map(int, newest.split("."))))


def test_a_release_is_told_by_the_schema_it_left() -> None:
    for mode in RunMode:
        assert [release_of(mode, release.heads(mode)) for release in RELEASES] == [
            release.version for release in RELEASES
        ]
        known = {heads_of(mode)} if _version() == RELEASES[-1].version else set()
        assert known <= {RELEASES[-1].heads(mode)}
