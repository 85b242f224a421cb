"""Documents that can be wrong are checked like code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, product

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# Not the heading of a file that a recipe makes.
_TEST = re.compile(r"`(tests/[\w/.]+)`(?!:\n\n```)")
RECORDS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))


def _anchors(text: str) -> set[str]:
    headings = _HEADING.findall(_FENCE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _broken(document: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = (document.parent / path) if path else document
    if not file.exists():
        return True
    return bool(anchor) and file.suffix == ".md" and anchor not in _anchors(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    targets = _LINK.findall(_FENCE.sub("", document.read_text(encoding="utf-8")))
    local = [target for target in targets if not target.startswith(("https://", "http://", "mailto:"))]
    assert [target for target in local if _broken(document, target)] == []


def test_the_readme_names_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make run" in readme
    assert "make test" in readme


def test_decisions_are_numbered_dated_and_listed() -> None:
    assert [record.name[:4] for record in RECORDS] == [
        f"{number:04}" for number in range(1, len(RECORDS) + 1)
    ]
    index = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")
    for record in RECORDS:
        title, _, dated, *_ = record.read_text(encoding="utf-8").splitlines()
        assert title.startswith(f"# {record.name[:4]} "), record.name
        assert re.match(r"\d{4}-\d{2}-\d{2}, (accepted|replaced by \d{4})$", dated), record.name
        assert f"]({record.name})" in index, record.name


def test_every_make_target_a_document_names_exists() -> None:
    targets = set(
        re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    named = {
        name
        for document in DOCUMENTS
        for name in re.findall(r"`make ([a-z-]+)`", document.read_text(encoding="utf-8"))
    }
    assert sorted(named - targets) == []


def test_every_test_a_document_names_exists() -> None:
    named = {name for document in DOCUMENTS for name in _TEST.findall(document.read_text(encoding="utf-8"))}
    assert named, "no document names a test: the pattern is wrong"
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_architecture_tells_every_part() -> None:
    told = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    paths = [source.path.removesuffix(".py").split("/") for source in product()]
    core = {path[2] for path in paths if path[:2] == ["portal", "core"]}
    shells = {"/".join(path[:2]) for path in paths if path[0] == "portal"}
    parts = {name for name in {*core, *shells, "fleet_ingest"} if "__" not in name}
    assert len(parts) > 30, "the parts were not found"
    assert [part for part in sorted(parts) if not re.search(rf"`{re.escape(part)}(/|\.py)?`", told)] == []
