"""Time-of-use periods by what they are, so that each has one hue on every chart, heat map and table."""

from collections.abc import Iterable
from typing import Final

from portal.core.languages import tr
from portal.core.tariffs.rules.clocks import NAMES
from portal.core.tariffs.rules.period_kinds import period_kind
from portal.core.words import noted
from portal.ui import tokens

DEFAULT_RATE: Final = noted("Default rate")
# What parts of bars are called by the product itself; what else there is was named by people.
_KNOWN: Final = frozenset(
    (
        *NAMES.values(),
        noted("No tariff"),
        noted("Fixed charge of the day"),
        noted("Energy"),
        noted("Stored"),
        noted("Rejected"),
    )
)
_HUES = {
    "peak": tokens.PEAK,
    "standard": tokens.STANDARD,
    "off-peak": tokens.OFF_PEAK,
    "default": tokens.DEFAULT_RATE,
}
_ORDER = ("off-peak", "standard", "peak", "default", "other")
# Periods whose names say nothing about their kind: shades of one hue, in the order of their names.
_OTHERS = tokens.OTHER_PERIODS


def period_label(name: str | None) -> str:
    """What a period is called: those of the usual clocks in the language, others as they were named."""
    if not name:
        return tr(DEFAULT_RATE)
    return tr(name) if name in _KNOWN else name


def period_rank(name: str | None) -> tuple[int, str]:
    """Sorts periods from the cheapest kind to the dearest, as bars are stacked."""
    return _ORDER.index(period_kind(name)), name or ""


def hues_of(names: Iterable[str | None]) -> dict[str | None, str]:
    """The colour token of each of the periods that are shown together."""
    known = set(names)
    others = sorted(name for name in known if name is not None and period_kind(name) == "other")
    shades = {name: _OTHERS[index % len(_OTHERS)] for index, name in enumerate(others)}
    return {name: shades.get(name or "", _HUES.get(period_kind(name), "")) for name in known}
