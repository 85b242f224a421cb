"""Words that name something: said in English where they are made, and in another language where a person reads them.

Whoever says them needs no language: a `Said` is its English text, which logs, files, the API and commands show. Pages
and mail put it into the reader's own (`portal.core.languages.tr`).
"""

from __future__ import annotations

import json
from typing import Any


class Said(str):
    """An English sentence that still knows its pattern and the names in it."""

    __slots__ = ("pattern", "values")

    pattern: str
    values: dict[str, Any]  # Any: whatever a sentence names


# Any: whatever a sentence names
def say(pattern: str, /, **values: Any) -> Said:
    """Return a sentence of a pattern such as `"{count} sites"` with its names filled in."""
    said = Said(pattern.format(**values) if values else pattern)
    said.pattern, said.values = pattern, values
    return said


def noted(text: str) -> str:
    """Mark a text to be translated where it is shown, and leave it as it is."""
    return text


def kept(text: str) -> str:
    """Return what is to be stored beside a text for it to be put into another language later; empty for plain text."""
    if not isinstance(text, Said):
        return ""
    values = {name: str(value) for name, value in text.values.items()}
    return json.dumps({"pattern": text.pattern, "values": values}, ensure_ascii=False)


def recalled(stored: str, text: str) -> str:
    """Return a text with what was stored beside it, as it was said."""
    if not stored:
        return text
    found = json.loads(stored)
    return say(found["pattern"], **found["values"])
