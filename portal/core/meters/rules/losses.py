"""What virtual meters show, and what is lost between a meter and those below it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from portal.core.sites.rules.meter_tree import Formula

Figure = TypeVar("Figure", float, Decimal)


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """What a meter measured and none of the meters just below it did: losses, and what has no meter of its own.

    `share` is that of what the meter measured, None where that is nothing. Both are below zero where the meters below
    show more than the one above, as meters that are not exact may.
    """

    kwh: Decimal
    share: Decimal | None


def virtual_figure(formula: Formula, measured: Mapping[UUID, Figure | None]) -> Figure | None:
    """Return the sum of a formula's meters less those it leaves out; None where one of them is not known."""
    total: Figure | None = None
    for device, sign in formula.signs():
        figure = measured.get(device)
        if figure is None:
            return None
        signed = figure if sign > 0 else -figure
        total = signed if total is None else total + signed
    return total


def not_measured_below(kwh: Decimal | None, below: list[Decimal | None]) -> NotMeasured | None:
    """Return what of a meter's energy those below it did not measure; None without any below, or unknown figures."""
    if kwh is None or not below or any(each is None for each in below):
        return None
    rest = kwh - sum((each for each in below if each is not None), Decimal(0))
    return NotMeasured(rest, rest / kwh if kwh else None)
