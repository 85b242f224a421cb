"""How a verb answers: words for people, or one JSON object on the last line for machines."""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import msgspec
import typer

from portal.core.errors import Invalid
from portal.core.values.pages import Asked, Page, key_in
from portal.core.values.time import iso_utc

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line.")]


Limit = Annotated[int | None, typer.Option(min=1, help="How many at most; all by default.")]
Cursor = Annotated[str | None, typer.Option(help="The `next` of the page before.")]


def page_asked(limit: int | None, cursor: str | None, parts: int) -> Asked:
    """Return which page of a list is wanted, whose key has so many parts. Raises `Invalid`."""
    try:
        return Asked(limit, None if cursor is None else key_in(cursor, parts))
    except ValueError as error:
        raise Invalid(str(error).replace("'cursor'", "--cursor")) from None


def answer_page(
    name: str,
    page: Page[Any],
    words: Callable[[Any], str],
    *,
    as_json: bool,
    fields: Callable[[Any], object] = lambda item: item,
) -> None:
    """Print a page of a list: a line for each of it, or one object with the list under its name and `next`.

    `fields` is what an object of the list holds for machines, where that is not what its type does.
    """
    # Only one of the two is made: a list may hold something else for machines than for people.
    if as_json:
        answer({name: [*map(fields, page.items)], "next": page.next}, "", as_json=True)
        return
    lines = [*map(words, page.items)] or [f"No {name} here."]
    if page.next is not None:
        lines.append(f"There are more: --cursor {page.next}")
    typer.echo("\n".join(lines))


def answer(result: object, words: str, *, as_json: bool) -> None:
    """Print what a verb made or read: `words`, or `result` with camelCase names."""
    # Flushed by echo: whoever waits for the line through a pipe gets it now.
    typer.echo(msgspec.json.encode(plain(result)).decode() if as_json else words)


def plain(value: object) -> Any:
    """Turn a result into what JSON holds: camelCase names, UTC instants, decimals as exact numbers.

    A field that is not for `repr` is for nobody's eyes.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        shown = [field.name for field in dataclasses.fields(value) if field.repr]
        return {_camel(name): plain(getattr(value, name)) for name in shown}
    if isinstance(value, Mapping):
        return {_camel(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    return _scalar(value)


def _scalar(value: object) -> Any:
    match value:
        case datetime():
            return iso_utc(value)
        case date() | time():
            return value.isoformat()
        case Decimal():
            return msgspec.Raw(f"{value:f}".encode())
        case UUID():
            return str(value)
        case Enum():
            return value.value
        case _:
            return value


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
