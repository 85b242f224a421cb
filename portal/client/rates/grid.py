"""The form of a tariff as a clock and a price for each kind of hour, and the rows that makes. Pure.

A week is a text of 168 signs (`portal.core.tariffs.rules.clocks`); prices are texts as typed, in the form's unit.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from portal.client.rates.draft import (
    ALL_YEAR,
    GRID,
    HUNDREDTH,
    ROWS,
    WHOLE,
    Draft,
    PeriodDraft,
    SeasonDraft,
    period_draft,
    to_wire,
)
from portal.client.rates.fields import NUMBER
from portal.core.errors import Invalid
from portal.core.languages import tr
from portal.core.tariffs.rules.clocks import (
    NAMES,
    OFF_PEAK,
    PEAK,
    SIGNS,
    STANDARD,
    PricedWeek,
    is_week,
    periods_of_week,
    weeks_of,
)
from portal.core.tariffs.rules.tariffs import Tariff
from portal.core.tariffs.service.published import clocks
from portal.core.values.money import round_unit
from portal.core.values.numbers import exact_number
from portal.core.words import noted

LOW, HIGH = "low", "high"
FLAT, OWN = "flat", "own"
PRICES = {
    season: {
        sign: f"{season}_{kind}"
        for sign, kind in ((PEAK, "peak"), (STANDARD, "standard"), (OFF_PEAK, "off_peak"))
    }
    for season in (LOW, HIGH)
}
"""The boxes of the prices, by season and sign."""
BOXES = frozenset(name for boxes in PRICES.values() for name in boxes.values())
_BLANK_WEEK = {FLAT: STANDARD * 168, OWN: OFF_PEAK * 168}
_HUNDRED = Decimal(100)
_NOTE_UNIT = Decimal("0.0001")
_MOST_PAINTED = 24
_SEASON_NAME = noted("High season")


def clock_week(key: str, season: str) -> str:
    """The week of a clock by its key, of FLAT or OWN; off-peak throughout for what is none."""
    found = next((clock for clock in clocks() if clock.key == key), None)
    if found is None:
        return _BLANK_WEEK.get(key, _BLANK_WEEK[OWN])
    return found.low if season == LOW else found.high


def blank(first: str) -> Draft:
    """A new tariff: a draft that prices nothing, with the clock of most price lists and prices in cents."""
    season = SeasonDraft(name=tr(_SEASON_NAME), key=_SEASON_NAME)
    draft = Draft(first=first, is_active="draft", layout=GRID, unit=HUNDREDTH, seasons=[season])
    return with_clock(draft, clocks()[0].key)


def with_clock(draft: Draft, key: str) -> Draft:
    """The form with another clock: both weeks are as it says, and nothing is painted."""
    return replace(draft, clock=key, low_week=clock_week(key, LOW), high_week=clock_week(key, HIGH))


def seasons_of(draft: Draft) -> tuple[str, ...]:
    """The seasons whose week is shown: the low one, and the high one where there is a season."""
    return (LOW, HIGH) if draft.seasons else (LOW,)


def week_of(draft: Draft, season: str) -> str:
    """The week of a season; what a browser sent and is none counts as the clock's."""
    week = draft.low_week if season == LOW else draft.high_week
    return week if is_week(week) else clock_week(draft.clock, season)


def with_week(draft: Draft, season: str, week: str) -> Draft:
    """The form with another week in a season."""
    return replace(draft, **{f"{season}_week": week})


def signs_of(draft: Draft, season: str) -> tuple[str, ...]:
    """The signs that a season's week has, dearest first."""
    week = week_of(draft, season)
    return tuple(sign for sign in SIGNS if sign in week)


def with_copied_season(draft: Draft, of: str) -> Draft:
    """The form with the week and the prices of one season in the other as well."""
    other = HIGH if of == LOW else LOW
    prices = {PRICES[other][sign]: getattr(draft, PRICES[of][sign]) for sign in SIGNS}
    return with_week(replace(draft, **prices), other, week_of(draft, of))


def wire_of(draft: Draft) -> dict[str, object]:
    """The form, whatever its layout and unit, in the shape that is checked and stored.

    Raises `Invalid` where a price of the grid is still to be typed, each named, and as `to_wire`.
    """
    missing = missing_prices(draft)
    if missing:
        problems = [{"path": "", "message": line} for line in missing]
        raise Invalid(missing[0], details={"problems": problems})
    return to_wire(in_rows(draft))


def missing_prices(draft: Draft) -> list[str]:
    """A line for each season that has prices still to be typed."""
    if draft.layout != GRID:
        return []
    missing = {
        season: [
            tr(NAMES[sign]).lower()
            for sign in signs_of(draft, season)
            if not getattr(draft, PRICES[season][sign]).strip()
        ]
        for season in seasons_of(draft)
    }
    return [
        tr("{draft}: {names} still to be priced", draft=season_title(draft, season), names=", ".join(names))
        for season, names in missing.items()
        if names
    ]


def season_title(draft: Draft, season: str) -> str:
    """What a season is called over its prices."""
    if not draft.seasons:
        return tr("All year")
    return tr("Low season") if season == LOW else draft.seasons[0].name.strip() or tr(_SEASON_NAME)


def in_rows(draft: Draft) -> Draft:
    """The form as rows, its prices in whole units of the currency."""
    rows = as_rows(draft) if draft.layout == GRID else draft
    return in_unit(rows, WHOLE)


def as_rows(draft: Draft) -> Draft:
    """The form with the periods of its weeks as rows; prices stay as typed. Without any price it begins empty."""
    if not any(getattr(draft, name).strip() for name in BOXES):
        return replace(draft, layout=ROWS, seasons=[], periods=[])
    seasons = [replace(season, rate=_default(draft, HIGH)) for season in draft.seasons[:1]]
    keys = {LOW: ALL_YEAR, **({HIGH: seasons[0].key} if seasons else {})}
    periods = [row for season in seasons_of(draft) for row in _rows(draft, season, keys[season])]
    return replace(draft, layout=ROWS, seasons=seasons, periods=periods, rate=_default(draft, LOW))


def _rows(draft: Draft, season: str, key: str) -> Iterator[PeriodDraft]:
    week = PricedWeek(week_of(draft, season), dict.fromkeys(SIGNS, Decimal(0)))
    sign_of = {name: sign for sign, name in NAMES.items()}
    for period in periods_of_week(week):
        price = getattr(draft, PRICES[season][sign_of[period.name]])
        yield replace(period_draft(period, key), rate=price)


def _default(draft: Draft, season: str) -> str:
    """The price of the cheapest kind of hour: every hour has a period, so no hour ever has it."""
    return getattr(draft, PRICES[season][signs_of(draft, season)[-1]])


def opened(draft: Draft, tariff: Tariff) -> Draft:
    """The form of a stored or published tariff, as a grid where it can be one, its prices in hundredths."""
    weeks = weeks_of(tariff)
    if weeks is None:
        return in_unit(draft, HUNDREDTH)
    grid = {}
    for season, week in zip((LOW, HIGH), weeks, strict=False):
        grid[f"{season}_week"] = week.week
        grid |= {PRICES[season][sign]: NUMBER.show(price) for sign, price in week.prices.items()}
    filled = replace(draft, layout=GRID, periods=[], **grid)
    return in_unit(replace(filled, clock=_nearest_clock(filled)), HUNDREDTH)


def _nearest_clock(draft: Draft) -> str:
    """The clock from which the fewest hours are painted; OWN where none is near."""

    def painted(key: str) -> int:
        pairs = (
            (was, now)
            for season in seasons_of(draft)
            for was, now in zip(clock_week(key, season), week_of(draft, season), strict=True)
        )
        return sum(was != now for was, now in pairs)

    nearest = min((*(clock.key for clock in clocks()), FLAT), key=painted)
    return nearest if painted(nearest) <= _MOST_PAINTED else OWN


def in_unit(draft: Draft, unit: str) -> Draft:
    """The form with its prices in another unit: what they say stays the same, and what is no number stays as it is."""
    if unit == draft.unit:
        return draft
    changed = {name: _converted(getattr(draft, name), unit) for name in ("rate", *BOXES)}
    return replace(
        draft,
        **changed,
        unit=unit,
        seasons=[replace(season, rate=_converted(season.rate, unit)) for season in draft.seasons],
        periods=[replace(period, rate=_converted(period.rate, unit)) for period in draft.periods],
    )


def _converted(text: str, unit: str) -> str:
    price = number_in(text)
    if price is None:
        return text
    return NUMBER.show(price * _HUNDRED if unit == HUNDREDTH else price / _HUNDRED)


def number_in(text: str) -> Decimal | None:
    """The number that a box says, None where it says none."""
    try:
        return exact_number(NUMBER.read(text))
    except ValueError:
        return None


def price_notes(draft: Draft, symbol: str) -> Mapping[str, str]:
    """What each price of the grid comes to with VAT, in whole units: a slip of the finger is seen as money."""
    vat = number_in(draft.vat_percent) or Decimal(0)
    found: dict[str, str] = {}
    for name in BOXES:
        price = number_in(getattr(draft, name))
        if price is None:
            continue
        whole = price / _HUNDRED if draft.unit == HUNDREDTH else price
        with_vat = round_unit(whole * (1 + vat / _HUNDRED), _NOTE_UNIT)
        found[name] = tr("{symbol}\u00a0{with_vat} with VAT", symbol=symbol, with_vat=with_vat)
    return found
