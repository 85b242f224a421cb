"""Parts of a rounded whole, in whole units that add up to it."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

from portal.core.values.money import rounding_decimals

Pair = tuple[Decimal, Decimal]


def apportion(parts: Sequence[Decimal], total: Decimal, unit: Decimal) -> list[Decimal]:
    """Return the parts of a whole in whole units (cents) that add up to its rounded `total` exactly.

    Largest remainder: every part is rounded down, and the units that are then missing go to the parts that lost
    most, the first of equals first. `total` must be a number of whole units.
    """
    with rounding_decimals():
        shown = [part.quantize(unit, rounding=ROUND_FLOOR) for part in parts]
        missing = int((total - sum(shown, Decimal(0))) / unit)
        by_loss = sorted(range(len(parts)), key=lambda index: shown[index] - parts[index])
        for turn in range(abs(missing)):
            # More units than parts, or too many already: only where total and parts do not belong together.
            index = by_loss[turn % len(parts)] if missing > 0 else by_loss[-1 - turn % len(parts)]
            shown[index] += unit if missing > 0 else -unit
        return shown


def apportion_pairs(parts: Sequence[Pair], total: Pair, unit: Decimal) -> list[Pair]:
    """Return pairs (base and VAT) in whole units; the firsts add up to `total`'s, the seconds to its second.

    Both of a pair, and their sum, are within a unit of what they are exactly: sums are apportioned first, and then each
    is shared between its two. That this can be done for any table of two columns is the theorem of controlled rounding
    (Bacharach 1966, Cox 1987). `total` must be in whole units, and each of it within a unit of the parts' sum.
    """
    with rounding_decimals():
        floors = [tuple(each.quantize(unit, rounding=ROUND_FLOOR) for each in pair) for pair in parts]
        sums = apportion([first + second for first, second in parts], total[0] + total[1], unit)
        units = [int((whole - sum(floor)) / unit) for whole, floor in zip(sums, floors, strict=True)]
        losses = [(part[0] - floor[0], part[1] - floor[1]) for part, floor in zip(parts, floors, strict=True)]
        missing = int((total[0] - sum((floor[0] for floor in floors), Decimal(0))) / unit)
        _make_room(units, missing, losses)
        ups = _firsts_up(units, missing, losses)
        return [
            (floor[0] + unit * up, floor[1] + unit * (its - up))
            for floor, its, up in zip(floors, units, ups, strict=True)
        ]


def _make_room(units: list[int], missing: int, losses: Sequence[Pair]) -> None:
    """Move units between pairs until the firsts can take up `missing` of them, each pair at most one.

    A pair with two units gives the first exactly one, so there must be no more of these than are missing; one with
    one unit may give it, so there must be enough. Either way one unit of a pair with two goes to a pair with none.
    """
    while not units.count(2) <= missing <= len(units) - units.count(0):
        full = [index for index, its in enumerate(units) if its == 2]
        empty = [index for index, its in enumerate(units) if its == 0]
        if not full or not empty:  # only where total and parts do not belong together
            return
        units[min(full, key=lambda index: sum(losses[index]))] = 1
        units[max(empty, key=lambda index: sum(losses[index]))] = 1


def _firsts_up(units: Sequence[int], missing: int, losses: Sequence[Pair]) -> list[int]:
    """Return how many units the first of each pair takes: those whose first lost most against its second."""
    left = missing - units.count(2)
    open_ones = [index for index, its in enumerate(units) if its == 1]
    chosen = set(sorted(open_ones, key=lambda index: losses[index][1] - losses[index][0])[: max(0, left)])
    return [int(its == 2 or index in chosen) for index, its in enumerate(units)]
