"""What is done to the grid of a tariff: its clock, its unit, hours painted over it, questions answered."""

from dataclasses import replace
from typing import Any

import reflex as rx

from portal.auth.guards import admin_only
from portal.client.rates.draft import GRID, HUNDREDTH, ROWS, WHOLE
from portal.client.rates.editor_state import TariffDraftState
from portal.client.rates.grid import (
    BOXES,
    FLAT,
    HIGH,
    LOW,
    OWN,
    as_rows,
    clock_week,
    in_unit,
    opened,
    week_of,
    wire_of,
    with_clock,
    with_copied_season,
    with_week,
)
from portal.client.rates.price_questions import with_answer
from portal.client.rates.rows import with_copy
from portal.core.languages import tr
from portal.core.tariffs.rules.clocks import HOURS_PER_DAY, SIGNS, exceptions, painted, without
from portal.core.tariffs.rules.tariff_input import read_tariff
from portal.core.tariffs.rules.tariffs import DAYS_PER_WEEK
from portal.core.tariffs.service.published import clocks
from portal.core.words import noted

_KEYS = (*(clock.key for clock in clocks()), FLAT, OWN)
_SEASONS = (LOW, HIGH)
_NOT_A_GRID = noted("These periods are more than a clock can say, so they stay as rows.")


class TariffGridState(TariffDraftState):
    """The hue that is painted with, and where painting began: season, day and hour."""

    brush: str = "o"
    _begun: tuple[str, int, int] | None = None

    @rx.event
    @admin_only
    def choose_clock(self, key: str):
        """Take another clock, or go to rows and back."""
        if key == ROWS and self.draft.layout == GRID:
            self.draft = as_rows(self.draft)
        elif key in _KEYS:
            if self.draft.layout == ROWS and not self._to_grid():
                return
            self.draft = with_clock(self.draft, key)
        self._check()

    @rx.event
    @admin_only
    def choose_unit(self, unit: str):
        """Type prices in cents or in whole units; those that stand there are converted."""
        if unit in (WHOLE, HUNDREDTH):
            self.draft = in_unit(self.draft, unit)
            self._check()

    @rx.event
    @admin_only
    def choose_brush(self, sign: str):
        """Paint with another kind of hour."""
        self.brush = sign if sign in SIGNS else self.brush

    @rx.event
    @admin_only
    def begin_painting(self, season: str, day: int, hour: int):
        """Note where a stroke begins."""
        self._begun = (season, day, hour)

    @rx.event
    @admin_only
    def paint_to(self, season: str, day: int, hour: int):
        """Paint the hours of the days from where the stroke began; a tap paints one hour."""
        begun, self._begun = self._begun, None
        if begun is None or begun[0] != season:
            begun = (season, day, hour)
        days = range(min(begun[1], day), max(begun[1], day) + 1)
        self._paint(season, [*days], (min(begun[2], hour), max(begun[2], hour) + 1))

    @rx.event
    @admin_only
    def paint_hours(self, form: dict[str, Any]):
        """Paint what was typed: days of a season, from an hour to another."""
        season, days = str(form.get("season", "")), _DAYS.get(str(form.get("days", "")), ())
        start, end = (_hour(form.get(name)) for name in ("from", "until"))
        self._paint(season, list(days), (start, end or HOURS_PER_DAY))

    def _paint(self, season: str, days: list[int], hours: tuple[int, int]):
        if season in _SEASONS and all(0 <= day < DAYS_PER_WEEK for day in days):
            week = painted(week_of(self.draft, season), days, hours, self.brush)
            self.draft = with_week(self.draft, season, week)
            self._check()

    @rx.event
    @admin_only
    def undo_painted(self, season: str, index: int):
        """Give painted hours back to the clock."""
        if season not in _SEASONS:
            return
        week, clock = week_of(self.draft, season), clock_week(self.draft.clock, season)
        found = exceptions(week, clock)
        if 0 <= index < len(found):
            self.draft = with_week(self.draft, season, without(week, clock, found[index]))
            self._check()

    @rx.event
    @admin_only
    def copy_season(self, of: str):
        """Take the week and the prices of a season for the other one."""
        if of in _SEASONS and self.draft.seasons:
            self.draft = with_copied_season(self.draft, of)
            self._check()

    @rx.event
    @admin_only
    def answer(self, key: str):
        """Say that a price is right."""
        if any(question.key == key for question in self.questions):
            self.draft = with_answer(self.draft, key)
            self._check()

    @rx.event
    @admin_only
    def use_suggestion(self, key: str):
        """Take the price that may be meant."""
        found = next((question for question in self.questions if question.key == key), None)
        if found is not None and found.box in BOXES:
            self.draft = replace(self.draft, **{found.box: found.suggestion})
            self._check()

    @rx.event
    @admin_only
    def duplicate_row(self, part: str, index: int):
        """Put a copy of a row below it."""
        self.draft = with_copy(self.draft, part, index)
        self._check()

    def _to_grid(self) -> bool:
        """Take rows as a clock and prices, where they can be."""
        self._check()
        if self.problems:
            return False
        tariff = read_tariff(wire_of(self.draft))
        found = opened(in_unit(self.draft, WHOLE), tariff)
        if found.layout != GRID:
            self.problems = [tr(_NOT_A_GRID)]
            return False
        self.draft = found
        return True


_DAYS = {
    "weekdays": range(5),
    "every day": range(DAYS_PER_WEEK),
    **{f"{day}": (day,) for day in range(DAYS_PER_WEEK)},
}


def _hour(value: object) -> int:
    """The hour of a box, 0 where it says none."""
    text = str(value or "")
    return min(int(text), HOURS_PER_DAY) if text.isdecimal() and len(text) < 3 else 0
