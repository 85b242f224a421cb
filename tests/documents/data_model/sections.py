"""The document: its text is written by people, what stands between the marks is made from the tables.

    <!-- tables app.users app.sessions -->  the tables of a subject, under its heading
    <!-- end -->

Each `## ` of it that has tables has a picture, `images/data-model-NAME.svg`, with a lane for each `### `.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.architecture.source import ROOT
from tests.documents.data_model.facts import TableFacts, all_tables

DOCUMENT = ROOT / "docs/data-model.md"
_PART = re.compile(r"^## (.+)$", re.MULTILINE)
_LANE = re.compile(r"^### (.+)$", re.MULTILINE)
_MADE = re.compile(r"(<!-- tables ([^>]*?) -->\n).*?(<!-- end -->)", re.DOTALL)
_PICTURE = re.compile(r"\]\((images/data-model-[\w-]+\.svg)\)")


@dataclass(frozen=True)
class Lane:
    """A subject of the document and its tables."""

    title: str
    tables: tuple[TableFacts, ...]


@dataclass(frozen=True)
class Part:
    """What one picture shows: the subjects of a heading. `picture` is relative to the documents."""

    title: str
    picture: str
    lanes: tuple[Lane, ...]


def parts(text: str) -> list[Part]:
    """Return the parts of the document that have tables. Raises `AssertionError` for one without a picture."""
    return [_part(title, body) for title, body in _under(_PART, text) if _MADE.search(body)]


def filled(text: str) -> str:
    """Return the document with its tables as they are now."""
    return _MADE.sub(lambda found: found[1] + _described(found[2].split()) + found[3], text)


def not_told(text: str) -> list[str]:
    """Return the tables that are in no section, and the names in a section that are no tables, or there twice."""
    told = [name for found in _MADE.finditer(text) for name in found[2].split()]
    return sorted(set(all_tables()) ^ set(told)) + sorted(name for name in set(told) if told.count(name) > 1)


def _part(title: str, body: str) -> Part:
    [picture] = _PICTURE.findall(body)
    lanes = [
        Lane(name, tuple(all_tables()[table] for table in found[2].split()))
        for name, lane in _under(_LANE, body)
        if (found := _MADE.search(lane))
    ]
    return Part(title, picture, tuple(lanes))


def _under(heading: re.Pattern[str], text: str) -> Iterator[tuple[str, str]]:
    starts = list(heading.finditer(text))
    ends = [*(found.start() for found in starts[1:]), len(text)]
    for found, end in zip(starts, ends, strict=True):
        yield found[1], text[found.end() : end]


def _described(names: list[str]) -> str:
    return "".join(f"\n{_table(all_tables()[name])}" for name in names) + "\n"


def _table(table: TableFacts) -> str:
    engine = f" *{table.engine}.*" if table.engine else ""
    lines = [f"#### `{table.name}`", "", table.about + engine, ""]
    if table.columns:
        lines += ["| column | type | unit | |", "|---|---|---|---|"]
        lines += [
            f"| {' | '.join((f'`{column.name}`', column.type, column.unit, ', '.join(column.marks)))} |"
            for column in table.columns
        ]
        lines.append("")
    if table.rules:
        lines += ["Besides: " + "; ".join(table.rules) + ".", ""]
    return "\n".join(lines[:-1]) + "\n"
