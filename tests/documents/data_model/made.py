"""The files that are made from the tables, as they should be now."""

from tests.architecture.source import ROOT
from tests.documents.data_model.picture import drawn
from tests.documents.data_model.sections import DOCUMENT, filled, parts


def made() -> dict[str, str]:
    """Return what should stand in each file, by its path in the project."""
    text = DOCUMENT.read_text(encoding="utf-8")
    pictures = {f"docs/{part.picture}": drawn(part) for part in parts(text)}
    return {DOCUMENT.relative_to(ROOT).as_posix(): filled(text), **pictures}
