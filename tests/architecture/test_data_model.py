"""The data model that people read is the one that the code declares."""

from __future__ import annotations

import re

import pytest

from portal.core.database.layout import LAYOUTS, Layout
from tests.architecture.source import ROOT
from tests.documents.data_model import facts, sections
from tests.documents.data_model.made import made

_NAMED = re.compile(r"`((?:app|monitoring|fleet)\.\w+)`")


def test_every_table_is_told_once() -> None:
    """A new table gets its place in docs/data-model.md: its name in the mark of a section, a word about it there."""
    assert sections.not_told(sections.DOCUMENT.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", made())
def test_the_document_is_what_the_tables_say(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == made()[path], f"{path} is stale: make data-model"


def test_a_change_of_a_table_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    before = made()
    tables = dict(facts.all_tables())
    site = tables["monitoring.sites"]
    tables["monitoring.sites"] = facts.TableFacts(
        site.name, site.modes, site.engine, site.about, site.columns[:-1], site.references, site.rules
    )
    monkeypatch.setattr(sections, "all_tables", lambda: tables)
    changed = {path for path, text in made().items() if text != before[path]}
    assert changed == {"docs/data-model.md", "docs/images/data-model-client.svg"}


def test_the_documents_name_tables_and_views_that_exist() -> None:
    named_by_code = [name for name, value in vars(Layout).items() if isinstance(value, property)]
    views = {getattr(layout, name) for layout in LAYOUTS.values() for name in named_by_code}
    known = set(facts.all_tables()) | views
    named = {
        f"{path.name}: {name}"
        for path in sorted((ROOT / "docs").glob("*.md"))
        for name in _NAMED.findall(path.read_text(encoding="utf-8"))
        if name not in known
    }
    assert named == set()
