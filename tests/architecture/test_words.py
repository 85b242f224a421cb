"""One thing has one word, and it is the field's: `docs/glossary.md` has them."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source import ROOT, Function, Source, firmware, product, sources

if TYPE_CHECKING:
    from collections.abc import Iterator

# Words that names had once, and what the thing is called.
NEW_WORDS = {
    "arrival": "outbox entry",
    "settlement": "acknowledgement",
    "settle": "acknowledge",
    "letter": "dead letter",
    "bury": "dead letter",
    "buried": "dead letter",
    "walk": "recompute pass, or fold",
    "walked": "folded",
    "cut hour": "split interval",
    "verdict": "response class, or validation",
    "place": "index, or municipality",
    "remark": "headers, or metadata",
    "planning": "planner hints, or push planner",
    "planned": "planner hints, or push planner",
    "standing": "status",
}
# What another says, or what is no word of ours: with the reason.
ELSEWHERE = {
    ("portal/core/cost/wire_explain.py", "verdict"): "on the wire since the first release",
    ("portal/core/values/numbers.py", "MOST_PLACES"): "decimal places",
    ("tests/architecture/source.py", "walk"): "as `ast.walk`: through a tree",
    ("tests/architecture/test_commands.py", "_walk"): "as `ast.walk`: through a tree",
}
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def old_words(name: str) -> set[str]:
    """Return which of the old words a name has, in snake case or camel case, also in the plural."""
    parts = [part.lower() for part in _WORDS.findall(name)]
    text = " " + " ".join(parts) + " "
    found = {word for word in NEW_WORDS if re.search(rf" {word}s? ", text)}
    return found - ({"letter"} if re.search(r" dead letters? ", text) else set())


def defined_names(source: Source) -> Iterator[str]:
    """Yield what a file is called and every name it gives: classes, functions, parameters, variables, fields."""
    yield from PurePosixPath(source.path).with_suffix("").parts
    for node in source.walk():
        match node:
            case ast.ClassDef(name=name) | ast.arg(arg=name) | ast.alias(asname=str(name)):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
            case _ if isinstance(node, Function):
                yield node.name
            case _:
                pass


def test_names_have_the_words_of_the_field() -> None:
    wrong = {
        (source.path, name): sorted(NEW_WORDS[word] for word in words)
        for source in (*product(), *firmware(), *sources("tests"))
        for name in defined_names(source)
        if (words := old_words(name)) and (source.path, name) not in ELSEWHERE
    }
    assert wrong == {}


def test_the_glossary_says_which_words_they_are() -> None:
    text = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    said = re.search(r"a word that a thing had before: (.*?)\.", text, re.DOTALL)
    assert said is not None
    assert sorted(re.split(r",\s+|\s+\(and\s+", said[1].replace(")", ""))) == sorted(NEW_WORDS)


def test_no_exception_stands_for_nothing() -> None:
    there = {
        (source.path, name) for source in (*product(), *sources("tests")) for name in defined_names(source)
    }
    assert sorted(set(ELSEWHERE) - there) == []


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("push_arrivals", {"arrival"}),
        ("CutHour", {"cut hour"}),
        ("_letter_row", {"letter"}),
        ("dead_letters", set()),
        ("replaced", set()),
        ("_PLACES", {"place"}),
        ("is_settled", set()),
    ],
)
def test_old_words_are_found_as_parts_of_names(name: str, found: set[str]) -> None:
    assert old_words(name) == found
