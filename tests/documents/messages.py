"""The catalogues of `portal/translations`, brought up to date with the words that the product says: `make messages`."""

from __future__ import annotations

import io
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from portal.core.languages import CATALOGUES, ENGLISH, LANGUAGES
from tests.architecture.source import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

# What is called with a text that people read, and where the text stands among its arguments.
KEYWORDS: Final[Mapping[str, tuple[int, ...] | None]] = {
    "tr": None,
    "say": None,
    "noted": None,
    "sentence": None,
    "trn": (1, 2),
    "counted": (2, 3),
    # The product's refusals, which pages show.
    **dict.fromkeys(
        ("Invalid", "NotFound", "Conflict", "HasHistory", "Outdated", "TooSlow", "Refused", "Unauthenticated")
    ),
    **dict.fromkeys(("TooLarge", "Unavailable", "Undelivered", "Throttled", "LockedOut")),
}
# What is read on command lines and in logs alone, and stays English.
_OF_MACHINES: Final = frozenset(
    (
        "commands",
        "database",
        "demo",
        "exchange",
        "operations",
        "outbox",
        "push",
        "server",
        "simulator",
        "single_sign_on",
    )
)


def said() -> Catalog:
    """Return every text of the product that people read, in English."""
    catalogue = Catalog()
    found = extract_from_dir(
        ROOT / "portal",
        [("**.py", "python")],
        keywords=dict(KEYWORDS),
        directory_filter=lambda path: PurePath(path).name not in _OF_MACHINES,
    )
    for _path, _line, message, _comments, _context in found:
        catalogue.add(message)
    return catalogue


def catalogue_of(language: str) -> Catalog:
    """Return the catalogue of a language as it is stored."""
    path = CATALOGUES / f"{language}.po"
    if not path.is_file():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def renewed(language: str) -> str:
    """Return the catalogue of a language with what is said now: new texts without words, and no text that is gone."""
    catalogue = catalogue_of(language)
    catalogue.update(said(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    written = io.BytesIO()
    write_po(
        written,
        catalogue,
        width=120,
        omit_header=True,
        sort_output=True,
        ignore_obsolete=True,
        no_location=True,
    )
    return written.getvalue().decode()


if __name__ == "__main__":
    for each in LANGUAGES:
        if each != ENGLISH.language:
            (CATALOGUES / f"{each}.po").write_text(renewed(each), encoding="utf-8")
