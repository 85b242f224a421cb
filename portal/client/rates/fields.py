"""The boxes of the tariff's form: of which field each is, how its value is typed and read, and what it is called.

A box is said once, where its draft declares it; the form, what is sent, what is believed and the words of a problem are
found from that.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import date, time
from decimal import Decimal
from functools import cache
from typing import Any

from portal.core.tariffs.rules.tariff_fields import members
from portal.core.tariffs.rules.tariffs import Holiday, Period, Season, Tariff
from portal.features.rates.view import percent, plain
from portal.ui.forms import Typed

Shape = Tariff | Season | Period | Holiday
# A number of more digits than this is no id, and is refused where it is read.
_MOST_DIGITS = 12


@dataclass(frozen=True, slots=True)
class BoxKind:
    """How a value stands in a box (`show`), and how what stands there is sent to be checked (`read`)."""

    show: Callable[[Any], str]
    read: Callable[[str], object]
    typed: Typed = "text"
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FormBox:
    """A box for the field `of` of a tariff or a part; `words` are for problems, `title` stands over rows."""

    of: str
    label: str
    kind: BoxKind
    words: str
    title: str
    width: str


def _optional(text: str) -> str | None:
    return text or None


def _number(text: str) -> str | None:
    return text.strip().replace(",", ".").replace(" ", "")


def _percent(text: str) -> str | None:
    clean = _number(text)
    # Two digits to the right are a hundredth, without ever going through a float.
    return f"{clean}e-2" if clean else clean


def _key(text: str) -> int | None:
    return int(text[:_MOST_DIGITS]) if text.isdecimal() else None


def _shown_key(value: int | None) -> str:
    return "" if value is None else str(value)


def _shown_day(value: date | None) -> str:
    return "" if value is None else value.isoformat()


def _shown_time(value: time) -> str:
    return f"{value:%H:%M}"


def _shown_number(value: Decimal | None) -> str:
    return "" if value is None else plain(value)


TEXT = BoxKind(str, str)
OPTIONAL_TEXT = BoxKind(lambda value: value or "", lambda text: text.strip() or None)
KEY = BoxKind(_shown_key, _key)
NUMBER = BoxKind(_shown_number, _number)
PERCENT = BoxKind(percent, _percent)
CODE = BoxKind(lambda value: value or "", lambda text: text.strip().upper() or None)
DAY = BoxKind(_shown_day, str, "date")
OPTIONAL_DAY = BoxKind(_shown_day, _optional, "date")
TIME = BoxKind(_shown_time, str, "time")


def one_of(*choices: tuple[str, str]) -> BoxKind:
    """A box to choose in: what is sent and what is read, of each choice."""
    return BoxKind(str, str, choices=choices)


def flag(on: tuple[str, str], off: tuple[str, str]) -> BoxKind:
    """A box to choose in for what is true or false."""
    return BoxKind(lambda value: (on if value else off)[0], lambda text: text == on[0], choices=(on, off))


def box(
    default: str,
    label: str,
    *,
    of: str,
    kind: BoxKind = TEXT,
    words: str = "",
    title: str = "",
    width: str = "110px",
) -> Any:
    """A field of a draft that has a box; without `words` and `title` it is called by its label."""
    made = FormBox(of, label, kind, words or label, title or label, width)
    return field(default=default, metadata={"box": made})


@cache
def boxes_of(draft: type) -> tuple[tuple[str, FormBox], ...]:
    """The boxes of a kind of draft by their names, in the order of the form."""
    return tuple((each.name, each.metadata["box"]) for each in fields(draft) if "box" in each.metadata)


@cache
def texts_of(draft: type) -> frozenset[str]:
    """The names of all texts of a kind of draft: what a browser may send."""
    return frozenset(each.name for each in fields(draft) if each.type is str)


def shown(draft: type, part: Shape) -> dict[str, str]:
    """What stands in the boxes of a draft for a tariff or a part."""
    return {name: box.kind.show(getattr(part, box.of)) for name, box in boxes_of(draft)}


def sent(draft: Any, shape: type[Shape]) -> dict[str, object]:
    """What stands in a draft's boxes, by the names it is checked and stored under."""
    wire = {member.name: member.wire or "" for member in members(shape)}
    # Not its type: in a state it is a proxy of one.
    return {wire[box.of]: box.kind.read(getattr(draft, name)) for name, box in boxes_of(draft.__class__)}


def words_of(draft: type, shape: type[Shape]) -> dict[str, str]:
    """What a problem calls each field, by its JSON name."""
    wire = {member.name: member.wire or "" for member in members(shape)}
    return {wire[box.of]: box.words for _, box in boxes_of(draft)}
