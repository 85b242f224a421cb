"""What a build holds: the pages of its own run mode, and no product's name."""

import re
from pathlib import Path

import pytest

from portal.core.settings import RunMode, Settings
from portal.frontend import static_directory

_TEXTS = ("*.html", "*.js", "*.css", "*.json", "*.webmanifest")
# The states of a mode's pages by the names they have in a bundle.
_OTHER = {RunMode.CLIENT: "portal___admin___", RunMode.ADMIN: "portal___client___"}
_OWN = {RunMode.CLIENT: "portal___client___", RunMode.ADMIN: "portal___admin___"}
_OWN_PAGE = {RunMode.CLIENT: "sites.html", RunMode.ADMIN: "customers.html"}


@pytest.fixture(scope="module", params=list(RunMode))
def mode(request: pytest.FixtureRequest, built_pages: None) -> RunMode:
    return request.param


def _files(mode: RunMode) -> dict[str, str]:
    root: Path = static_directory(mode)
    found = {path for pattern in _TEXTS for path in root.rglob(pattern)}
    return {str(path.relative_to(root)): path.read_text(errors="replace") for path in found}


def test_a_build_holds_the_pages_of_its_own_mode_only(mode: RunMode) -> None:
    files = _files(mode)
    other = next(one for one in RunMode if one is not mode)
    assert any(_OWN[mode] in text for text in files.values()), "the states are named differently now"
    assert [name for name, text in files.items() if _OTHER[mode] in text] == []
    assert _OWN_PAGE[mode] in files
    assert _OWN_PAGE[other] not in files


def test_a_build_carries_no_product_name(mode: RunMode) -> None:
    name = re.compile(
        rf"{Settings().application.name}|built with reflex|made with|acuvim|accuenergy", re.IGNORECASE
    )
    assert [file for file, text in _files(mode).items() if name.search(text)] == []


def test_a_build_says_nothing_of_when_it_was_made(mode: RunMode) -> None:
    """One source makes one bundle, and so one image."""
    marks = ("last_reflex_run_datetime", "project_hash")
    assert [file for file, text in _files(mode).items() if any(mark in text for mark in marks)] == []
