"""What is said once of each field of a tariff, and found again by everything that carries tariffs.

Reading and writing JSON, rows of the database, the bounds of amounts, the audit trail and the copy for the next year
go through the fields of the shape (`tariffs`) instead of naming them.
"""

from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

# A price list has a handful of decimals. The bounds keep every figure within 15 significant digits, so that it
# survives JSON readers that go through floating point.
MOST_RATE = Decimal(1_000_000)
MOST_CHARGE = Decimal(1_000_000_000)
RATE_DECIMALS, CHARGE_DECIMALS = 4, 2
REQUIRED = object()


@dataclass(frozen=True, slots=True)
class AboutField:
    """What there is to say of a field beside its name and type.

    `words` is what people call it, empty where the trail says it in a way of its own. `wire` is its JSON name where it
    is not that of the field, None where it has none. `if_missing` is what a field that is always written has when JSON
    does not say it. An amount is below `below`; one with `raised_to` decimals goes up with the prices of a year; a
    share (`is_share`) is a fraction of 1. A rate may be negative: some hours are paid for.
    """

    words: str = ""
    wire: str | None = ""
    if_missing: object = REQUIRED
    below: Decimal = MOST_RATE
    raised_to: int | None = None
    is_share: bool = False
    may_be_negative: bool = False
    is_stored: bool = True


def per_kwh(words: str) -> AboutField:
    """Return what is said of an amount per kWh."""
    return AboutField(words, raised_to=RATE_DECIMALS, may_be_negative=True)


def per_month(words: str, *, if_missing: Decimal | None = None) -> AboutField:
    """Return what is said of an amount per month."""
    missing = REQUIRED if if_missing is None else if_missing
    return AboutField(words, below=MOST_CHARGE, raised_to=CHARGE_DECIMALS, if_missing=missing)


class TariffField(NamedTuple):
    """A field of a shape: its name here and in the database, its JSON name, and what is said of it.

    `kind` is its type without None. `missing` is what it is where JSON does not say it, REQUIRED where JSON must.
    """

    name: str
    wire: str | None
    kind: type
    missing: object
    is_left_out: bool
    about: AboutField

    def is_written(self, value: object) -> bool:
        """Whether a value is written as JSON: what a simple tariff does not have is not."""
        return not (self.is_left_out and value == self.missing)


@cache
def members(shape: type) -> tuple[TariffField, ...]:
    """Return the fields of a tariff or of one of its parts, in their order; what it is made of is not among them."""
    return tuple(_members(shape))


def _members(shape: type) -> Iterator[TariffField]:
    hints = get_type_hints(shape, include_extras=True)
    for field in fields(shape):
        plain, about = _taken_apart(hints[field.name])
        if get_origin(plain) is tuple:
            continue
        is_optional = isinstance(plain, UnionType)
        kind = next(each for each in get_args(plain) if each is not NoneType) if is_optional else plain
        missing = field.default
        if missing is MISSING:
            missing = None if is_optional else about.if_missing
        wire = None if about.wire is None else about.wire or _camel(field.name)
        yield TariffField(field.name, wire, kind, missing, field.default is not MISSING, about)


# Any: a type as `get_type_hints` returns it, which may be a class or made of several.
def _taken_apart(hint: Any) -> tuple[Any, AboutField]:
    if get_origin(hint) is not Annotated:
        return hint, AboutField()
    plain, *said = get_args(hint)
    return plain, next(each for each in said if isinstance(each, AboutField))


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def amounts(part: object) -> Iterator[tuple[TariffField, Decimal]]:
    """Return the amounts of a tariff or a part that are there, each with its field."""
    for member in members(type(part)):
        if member.kind is Decimal and (value := getattr(part, member.name)) is not None:
            yield member, value


def raised(part: object, by: Callable[[Decimal, int], Decimal]) -> dict[str, Decimal]:
    """Return those amounts that go up with the prices of a year, each through `by` with its decimals."""
    return {
        member.name: by(value, member.about.raised_to)
        for member, value in amounts(part)
        if member.about.raised_to is not None
    }
