"""Where a meter stands among the others of its site, and what may stand where.

A **bulk** meter has none above it: what a site uses is what its bulk meters measure. A **sub**-meter measures a part of
what the meter above it does. A **virtual** one measures nothing: it is a sum and difference of others at its site. So
the kind follows from what is above a meter and from its formula, and is said nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from portal.core.errors import Conflict, Invalid
from portal.core.words import noted, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MOST_TERMS = 50
_DEEPEST = 8


class DeviceKind(StrEnum):
    """What a meter is to those of its site."""

    BULK = "bulk"
    SUB = "sub"
    VIRTUAL = "virtual"


@dataclass(frozen=True, slots=True)
class Formula:
    """What a virtual meter is: the sum of the meters `plus` less those of `minus`, each named once."""

    plus: tuple[UUID, ...]
    minus: tuple[UUID, ...] = ()

    @property
    def terms(self) -> tuple[UUID, ...]:
        """All meters it is made of."""
        return (*self.plus, *self.minus)

    def signs(self) -> Iterator[tuple[UUID, int]]:
        """Each meter with 1 or -1."""
        yield from ((device, 1) for device in self.plus)
        yield from ((device, -1) for device in self.minus)

    def stored(self) -> dict[str, list[str]]:
        """Return it as it is stored."""
        return {
            "plus": [str(device) for device in self.plus],
            "minus": [str(device) for device in self.minus],
        }


def formula_of(stored: Mapping[str, Iterable[object]] | None) -> Formula | None:
    """Return a formula from what is stored of it."""
    if stored is None:
        return None
    plus, minus = (tuple(UUID(str(each)) for each in stored.get(name, ())) for name in ("plus", "minus"))
    return Formula(plus, minus)


def kind_of(parent_id: UUID | None, formula: Formula | None) -> DeviceKind:
    """Return what a meter is, by what is above it and its formula."""
    if formula is not None:
        return DeviceKind.VIRTUAL
    return DeviceKind.BULK if parent_id is None else DeviceKind.SUB


@dataclass(frozen=True, slots=True)
class TreePosition:
    """Where a meter stands: its site, the meter above it, its formula where it is virtual, and what it is called."""

    site_id: UUID
    name: str
    parent_id: UUID | None = None
    formula: Formula | None = None

    @property
    def kind(self) -> DeviceKind:
        """What it is."""
        return kind_of(self.parent_id, self.formula)


Tree = dict[UUID, TreePosition]


def check_position(device_id: UUID, wanted: TreePosition, tree: Mapping[UUID, TreePosition]) -> None:
    """Refuse a position that cannot be among the other meters of the `tree`.

    Raises `Invalid` where the meter above it or a term of its formula is no meter of its site, is virtual, or comes
    back to it; and `Conflict` where meters that depend on it would be left behind.
    """
    if wanted.parent_id is not None:
        _check_parent(device_id, wanted, tree)
    if wanted.formula is not None:
        _check_formula(device_id, wanted, wanted.formula, tree)
    left = [name for name, other in _dependents(device_id, tree) if other.site_id != wanted.site_id]
    if left:
        message = say("{left} at the site it leaves: change what is above them first", left=_listed(left))
        raise Conflict(message)


def check_removal(device_id: UUID, tree: Mapping[UUID, TreePosition]) -> None:
    """Refuse to remove a meter that others depend on. Raises `Conflict` with their names."""
    if left := [name for name, _ in _dependents(device_id, tree)]:
        message = say("{left}: change them first, or make the device inactive", left=_listed(left))
        raise Conflict(message)


def _check_parent(device_id: UUID, wanted: TreePosition, tree: Mapping[UUID, TreePosition]) -> None:
    above = None if wanted.parent_id is None else tree.get(wanted.parent_id)
    if above is None or above.site_id != wanted.site_id or wanted.parent_id == device_id:
        message = noted("The meter above it is another one of the same site")
        raise Invalid(message)
    if above.kind is DeviceKind.VIRTUAL:
        message = say("{name} is calculated: a meter stands below one that measures", name=f"{above.name!r}")
        raise Invalid(message)
    up, steps = above, 1
    while up.parent_id is not None:
        steps += 1
        if up.parent_id == device_id or steps > _DEEPEST:
            message = (
                f"{above.name!r} stands below it already" if steps <= _DEEPEST else "Meters stand too deep"
            )
            raise Invalid(message)
        up = tree[up.parent_id]


def _check_formula(
    device_id: UUID, wanted: TreePosition, formula: Formula, tree: Mapping[UUID, TreePosition]
) -> None:
    terms = formula.terms
    if not formula.plus or len(terms) > MOST_TERMS:
        message = say(
            "A virtual meter adds up at least one meter, of {most_terms} at most", most_terms=MOST_TERMS
        )
        raise Invalid(message)
    if len(set(terms)) != len(terms):
        message = noted("A virtual meter has each meter once")
        raise Invalid(message)
    for term in terms:
        found = tree.get(term)
        if found is None or found.site_id != wanted.site_id or term == device_id:
            message = noted("A virtual meter is made of other meters of its own site")
            raise Invalid(message)
        if found.kind is DeviceKind.VIRTUAL:
            message = say(
                "{name} is calculated itself: name the meters it is made of", name=f"{found.name!r}"
            )
            raise Invalid(message)


def _dependents(device_id: UUID, tree: Mapping[UUID, TreePosition]) -> Iterator[tuple[str, TreePosition]]:
    for other_id, other in tree.items():
        terms = () if other.formula is None else other.formula.terms
        if other_id != device_id and (other.parent_id == device_id or device_id in terms):
            yield other.name, other


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in sorted(names)[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{shown}{more} {'depends' if len(names) == 1 else 'depend'} on it"
