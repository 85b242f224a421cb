"""What is published and a tariff can start from: price lists, and public holidays. None of it is official."""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import holidays as holiday_table

from portal.core.errors import Invalid
from portal.core.tariffs.rules.tariff_drafts import Preset, clocks_from, day_types, presets_from
from portal.core.tariffs.rules.tariffs import DayType, Holiday
from portal.core.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from portal.core.tariffs.rules.clocks import Clock

_MOST_HOLIDAY_DAYS = 3 * 366


@cache
def presets() -> tuple[Preset, ...]:
    """Return the figures that a new tariff can start from, with public holidays to the end of their year."""
    raw = _figures()
    ends = (
        date.fromisoformat(item[name]) for item in raw["tariffs"] for name in ("effectiveFrom", "effectiveTo")
    )
    return presets_from(raw, _calendar(raw["country"], {on.year for on in ends}))


@cache
def clocks() -> tuple[Clock, ...]:
    """Return the clocks of the published price lists."""
    return clocks_from(_figures())


def public_holidays(country: str, first: date, last: date) -> tuple[Holiday, ...]:
    """Return a country's public holidays from first to last day, each with the day type of the price lists there.

    What those do not name, such as an election, is a day as usual and left out. Where there are no price lists each
    acts as a Sunday until somebody says otherwise. `country` is an ISO 3166 code like ZA. Raises `Invalid` for one that
    is not known.
    """
    last = min(last, first + timedelta(days=_MOST_HOLIDAY_DAYS))
    raw, found = _figures(), _calendar(country, range(first.year, last.year + 1))
    kinds = day_types(raw, found) if country == raw["country"] else dict.fromkeys(found, DayType.SUNDAY)
    return tuple(Holiday(on, found[on], kind) for on, kind in kinds.items() if first <= on <= last)


def _calendar(country: str, years: Iterable[int]) -> Mapping[date, str]:
    try:
        found = holiday_table.country_holidays(country, years=years, language="en_US")
    except NotImplementedError:
        message = say(
            "No public holidays are known for {country}: use a country code of two letters, like ZA",
            country=f"{country!r}",
        )
        raise Invalid(message) from None
    return {on: str(found[on]) for on in sorted(found)}


@cache
def _figures() -> Mapping[str, Any]:  # Any: decoded JSON of our own, which a test reads whole
    file = resources.files("portal.core").joinpath("presets/za_tariffs.json")
    # Any: as above
    decoded: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return decoded
