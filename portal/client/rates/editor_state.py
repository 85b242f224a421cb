"""State of the form that edits a tariff."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import Any

import reflex as rx

from portal.auth.guards import admin_only
from portal.client.rates.boxes import draft_in
from portal.client.rates.draft import GRID, NEW_ROWS, Draft
from portal.client.rates.fields import boxes_of, texts_of
from portal.client.rates.grid import BOXES, in_rows, price_notes, wire_of
from portal.client.rates.overtaken import Comparison, compared_with_stored, save_draft
from portal.client.rates.price_questions import PriceQuestion, open_questions
from portal.client.rates.problems import problems_in_words
from portal.client.rates.rows import with_day_toggled, with_new, with_value, without
from portal.client.rates.starting import comparison_in_words, day_of, filled, name_of, starting_point
from portal.client.rates.state import RatesState
from portal.client.rates.week_view import WeekView, week_views
from portal.core.cost.service import tariff_comparison
from portal.core.errors import Invalid
from portal.core.languages import tr
from portal.core.stack import current
from portal.core.tariffs.rules.tariff_input import read_tariff
from portal.core.tariffs.service.time_zones import country_of_zone
from portal.features.rates.view import HeatMap, heat_maps
from portal.ui import formats
from portal.ui.failures import failure_in_words
from portal.web.events.drafts import RESTORED

_IDENTITY = ("municipality_id", "first", "last")


class TariffDraftState(rx.State):
    """The draft, what is wrong with it, the week it would make, and what last month would have cost.

    `overtaken` says that its tariff is not what it began with any more; `agreed` goes with the press that saves all the
    same: the mark of what the person has been told of, and nothing else is replaced.
    """

    draft: Draft = Draft()
    is_open: bool = False
    problems: list[str] = []
    maps: list[HeatMap] = []
    weeks: list[WeekView] = []
    price_notes: dict[str, str] = {}
    questions: list[PriceQuestion] = []
    symbol: str = "R"
    own_name: str = ""
    own_holidays: bool = False
    comparison: list[str] = []
    failure: str = ""
    restored: str = ""
    overtaken: str = ""
    agreed: str = ""
    draft_done: str = ""

    @rx.event
    @admin_only
    async def start(self, kind: str, key: str):
        """Open with a "blank" tariff, a "preset", an existing one ("edit") or its copy for the next year ("copy")."""
        page = await self.get_state(RatesState)
        with failure_in_words(page):
            self.draft = await starting_point(kind, key, page.percent)
            page._forget()  # noqa: SLF001 - a public method would be one more thing a browser could call
            page.notice = self.failure = ""
            # What was typed into a form that was open until now is given up.
            self._leave()
            self.is_open, self.comparison = True, []
            self.own_name, self.own_holidays = "", kind == "blank"
            self._check()

    @rx.event
    @admin_only
    async def restore(self, boxes: dict[str, Any], after: str):
        """Take up what stood in the boxes when the line, the page or the server went away.

        Nothing is taken up of a form that was saved or left since: `after` says which was the last one before it.
        """
        if self.draft_done not in ("", after):
            return
        with failure_in_words(self):
            found = await compared_with_stored(draft_in(boxes))
            if not self.is_open:
                self.restored = tr(RESTORED)
            if found.words or not self.is_open:
                self._say(found)
            if self.is_open and found.draft == self.draft:
                return
            self.draft, self.is_open = found.draft, True
            self._check()

    @rx.event
    @admin_only
    def close(self):
        """Leave without storing."""
        self._leave()

    @rx.event
    @admin_only
    async def set_field(self, name: str, value: str):
        """Change a field of the tariff, or a price of its grid."""
        if name in BOXES or name in dict(boxes_of(Draft)):
            setattr(self.draft, name, value)
        if name in _IDENTITY:
            await self._fill_in(await self.get_state(RatesState))
        self._check()

    @rx.event
    @admin_only
    def change_rows(self, part: str, index: int):
        """Remove a period, a season or a holiday; below zero add one."""
        if part in NEW_ROWS:
            self.own_holidays = self.own_holidays and part != "holidays"
            self.draft = without(self.draft, part, index) if index >= 0 else with_new(self.draft, part)
            self._check()

    @rx.event
    @admin_only
    def set_row(self, part: str, index: int, name: str, value: str):
        """Change a field of a row."""
        if part in NEW_ROWS and name in texts_of(NEW_ROWS[part]):
            self.own_holidays = self.own_holidays and part != "holidays"
            self.draft = with_value(self.draft, part, index, {name: value})
            self._check()

    @rx.event
    @admin_only
    def toggle_day(self, index: int, day: int):
        """Let a period hold on a day, or no longer."""
        self.draft = with_day_toggled(self.draft, index, day)
        self._check()

    @rx.event
    @admin_only
    def fill_holidays(self, form: dict[str, Any]):
        """Take the public holidays of a country for the tariff's window; each acts as a Sunday at first."""
        with failure_in_words(self):
            self.own_holidays = False
            self.draft.holidays = filled(self.draft, str(form.get("country", "")), current().clock().date())
            self._check()

    @rx.event
    @admin_only
    async def compare(self):
        """What the last month would have cost under this draft."""
        with failure_in_words(self), self._problems_listed():
            found = await tariff_comparison.compare_last_month(current(), wire_of(self.draft))
            self.comparison = comparison_in_words(found)

    @rx.event
    @admin_only
    async def save(self, boxes: dict[str, Any]):
        """Store the tariff as it stands in the boxes: on a line that was dead, they know more than this state.

        What somebody else has changed since is said first, and replaced only when it was said.
        """
        with failure_in_words(self), self._problems_listed():
            self.draft = draft_in(boxes)
            self._check()
            if self.questions and self.draft.is_active == "active":
                self.problems = [
                    *self.problems,
                    tr("Prices that are asked about above: each needs an answer first"),
                ]
                return
            found = await save_draft(self.draft, str(boxes.get("agreed", "")))
            self.draft = found.draft
            self._say(found)
            if found.words:
                return
            self._leave()
            page = await self.get_state(RatesState)
            await page._read()  # noqa: SLF001 - a public method would be one more thing a browser could call
            page.notice = tr("{strip} is saved.", strip=self.draft.name.strip())

    def _leave(self):
        self.is_open, self.restored, self.draft_done = False, "", token_hex(8)
        self.overtaken = self.agreed = ""

    def _say(self, found: Comparison):
        self.overtaken, self.agreed = found.words, found.mark if found.words else ""

    @contextmanager
    def _problems_listed(self) -> Iterator[None]:
        """Say all that is wrong with the draft, each with its location in the form."""
        try:
            yield
        except Invalid as error:
            self.problems = problems_in_words(error, in_rows(self.draft))
            if not self.problems:
                raise

    async def _fill_in(self, page: RatesState):
        """Name the tariff and list its public holidays by its municipality and days, until a person says otherwise."""
        chosen = next(
            (each for each in page.municipalities if each["id"] == self.draft.municipality_id), None
        )
        if chosen is None or self.draft.layout != GRID:
            return
        if self.draft.name in ("", self.own_name):
            self.draft.name = self.own_name = name_of(chosen["name"], self.draft.first)
        country = country_of_zone(chosen["zone"])
        if self.own_holidays and country and day_of(self.draft.first) and day_of(self.draft.last):
            self.draft.holidays = []
            with suppress(Invalid):  # a country whose holidays nobody keeps
                self.draft.holidays = filled(self.draft, country, current().clock().date())

    def _check(self):
        symbol = self.symbol = self._symbol()
        self.problems, self.maps, self.questions = [], [], []
        weeks = week_views(self.draft, symbol) if self.draft.layout == GRID else []
        if weeks != self.weeks:
            self.weeks = weeks
        self.price_notes = dict(price_notes(self.draft, symbol))
        with self._problems_listed():
            tariff = read_tariff(wire_of(self.draft))
            self.questions = open_questions(self.draft, tariff, symbol)
            if not weeks:
                self.maps = heat_maps(tariff, symbol)

    def _symbol(self) -> str:
        typed = self.draft.currency.strip().upper()
        return formats.currency_symbol(typed or current().settings.billing.currency)
