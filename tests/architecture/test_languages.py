"""Every word of a page has a translation: catalogues are current and complete, and pages say nothing past them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portal.core.languages import CATALOGUES, ENGLISH, LANGUAGES
from tests.architecture.fresh_process import SETTINGS, ask
from tests.documents import messages

TRANSLATED = sorted(set(LANGUAGES) - {ENGLISH.language})
# What is the same in every language: units, formats, names, examples, keys that nobody reads.
AS_IT_IS = re.compile(
    r"""
    ,?\ ?(k?Wh?|kVAh?|kvarh?|Hz|c/kWh|/kWh|V|A|%)  # units
    | CSV | PNG | Grafana | English | Afrikaans | (\d|[.,]|\\u2009)+\ \(\w\w-\w\w\)
    | Old\ Eskom | Eskom\ 2025 | Peak\ \d.*        # the clocks of published price lists
    | 7XK4-9MTC-02QF | Karoo-Mill | (\\n)?FleetIngest__.*
    | [a-z]+(_[a-z]+)*                             # keys: of tabs, steps, listings
    """,
    re.VERBOSE,
)
_UNMARKED = r"""
import json, re
from portal.core.languages import mark_words
mark_words()
from portal.core.settings import load_settings
from portal.pages import page_app

MARK = re.compile("\ue000[0-9a-f]+\ue001|\\\\ue000[0-9a-f]+\\\\ue001")
SHOWN = re.compile(r'"?(aria-label|title|placeholder|alt|label)"?:')
found = {}

def note(script, where):
    # Not the names of fields that a state's rows are read by.
    rest = re.sub(r'\["[a-z_0-9]+"\]', "", MARK.sub("", script))
    for text in re.findall(r'"((?:[^"\\]|\\.)*)"', rest):
        if re.search("[A-Za-z]{2}", text):
            found.setdefault(text.strip(), where)

def walk(drawn, where):
    if isinstance(drawn, dict):
        if isinstance(drawn.get("contents"), str):
            note(drawn["contents"], where)
        for prop in drawn.get("props") or []:
            if isinstance(prop, str) and SHOWN.match(prop):
                note(prop.split(":", 1)[1], where)
        for name, below in drawn.items():
            if name not in ("props", "contents"):
                walk(below, where)
    elif isinstance(drawn, (list, tuple)):
        for each in drawn:
            walk(each, where)

for route, page in page_app(load_settings())._unevaluated_pages.items():
    walk((page.component() if callable(page.component) else page.component).render(), route)
print(json.dumps(found))
"""


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_what_is_said_now(language: str) -> None:
    stored = (CATALOGUES / f"{language}.po").read_text(encoding="utf-8")
    assert stored == messages.renewed(language), "run `make messages`, and translate what is new"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_word_is_translated_with_the_names_in_it(language: str) -> None:
    wrong: list[str] = []
    for message in messages.catalogue_of(language):
        if not message.id:
            continue
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        said = [message.string] if isinstance(message.string, str) else list(message.string)
        names = {frozenset(re.findall(r"\{\w+\}", text)) for text in (*ids, *said)}
        if not all(said) or len(names) > 1:
            wrong.append(ids[0])
    assert wrong == []


@pytest.mark.parametrize("mode", SETTINGS)
def test_pages_say_nothing_that_is_not_in_a_catalogue(mode: str, tmp_path: Path) -> None:
    found: dict[str, str] = ask(_UNMARKED, tmp_path, **SETTINGS[mode])
    assert {text: where for text, where in found.items() if not AS_IT_IS.fullmatch(text)} == {}
