"""State of the panel that explains a figure of a Cost page. The address says which."""

from typing import ClassVar
from uuid import UUID

import reflex as rx

from portal.auth.guards import signed_in
from portal.core.cost.service import explain
from portal.core.languages import tr
from portal.core.stack import current
from portal.core.values.time import parse_instant
from portal.features.cost.days import instants_of
from portal.features.cost.explain_address import TOTAL, Explained, explained_in
from portal.features.cost.explain_hours import build_hours, hour_bars, hour_totals, neighbours
from portal.features.cost.explain_view import ExplainView, HourRow, build_explanation, device_uuid
from portal.features.cost.page_state import CostPage
from portal.features.cost.view import CostRow, CostView, build_cost
from portal.ui import formats
from portal.ui.failures import failure_in_words
from portal.ui.plotted import NO_BARS, Drawn
from portal.ui.range_picker import DayRange


class CostExplainer(rx.State, mixin=True):
    """From a figure to its days, a day's devices, a device's hours, and the hour that is explained.

    `step` is "days", "devices", "hours" or "hour", or nothing where nothing is explained. `_page` is the state of the
    page it lies beside.
    """

    _page: ClassVar[type[CostPage]]

    step: str = ""
    open_day: str = ""
    open_device: str = ""
    day_label: str = ""
    device_label: str = ""
    hour_label: str = ""
    before: str = ""
    after: str = ""
    unit: str = ""
    rows: list[CostRow] = []
    row_totals: list[str] = ["", "", "", ""]
    hours: list[HourRow] = []
    hour_totals: list[str] = ["", "", "", ""]
    hours_figure: Drawn = NO_BARS
    hours_as_of: str = ""
    explained: ExplainView = ExplainView()
    failure: str = ""

    @rx.event
    @signed_in
    async def load(self):
        """Show what the address explains."""
        page = await self.get_state(self._page)
        query = self.router.url.query_parameters
        asked = explained_in(query) if page._is_shown(query) else Explained()  # noqa: SLF001
        self.failure = ""
        if not asked.what or page.failure:
            self.step = self.open_day = self.open_device = ""
            return
        with failure_in_words(self):
            await self._read(page, asked)

    @rx.event
    @signed_in
    async def explain_total(self):
        """Open at the days of a figure of the whole range."""
        return await self._go(TOTAL)

    @rx.event
    @signed_in
    async def explain_day(self, day: str):
        """Open at a day: at its devices, or where one alone used energy at its hours."""
        return await self._go(day)

    @rx.event
    @signed_in
    async def explain_device(self, device: str):
        """Open at a device: on the day that is open, else on the last one with energy."""
        page = await self.get_state(self._page)
        used = [row["key"] for row in page.report.days if row["key"] and row["used"]]
        last = used[-1] if used else page.last_day
        return await self._go(self.open_day if self.step == "devices" else last, device)

    @rx.event
    @signed_in
    async def explain_hour(self, hour: str):
        """Open at an hour of the device; without one at its hours."""
        return await self._go(self.open_day, self.open_device, hour)

    @rx.event
    @signed_in
    async def explain_beside(self, key: str):
        """Go to the hour or the day before or after."""
        if self.step == "hour":
            return await self._go(self.open_day, self.open_device, key)
        return await self._go(key, self.open_device if self.step == "hours" else "")

    @rx.event
    @signed_in
    async def explain_close(self):
        """Close the panel."""
        return await self._go("")

    def _customer(self) -> UUID | None:
        """The customer whose device it is, in the Admin mode."""
        return None

    async def _go(self, what: str, device: str = "", hour: str = ""):
        page = await self.get_state(self._page)
        address = page._explain_address(Explained(what, device, hour))  # noqa: SLF001
        return rx.redirect(address) if address else None

    async def _read(self, page: CostPage, asked: Explained):
        if asked.day is None:
            self.open_day = self.open_device = self.before = self.after = ""
            self._list("days", page.report, page.report.days)
            return
        days = DayRange(asked.day, asked.day)
        self.open_day, self.day_label = asked.day.isoformat(), formats.week_day(asked.day)
        device = asked.device or await self._only_device(page, days)
        self.open_device = device
        keys = [row["key"] for row in page.report.days if row["key"]]
        self.before, self.after = neighbours(keys, self.open_day)
        if device:
            await self._read_hours(page, days, asked.hour)

    async def _only_device(self, page: CostPage, days: DayRange) -> str:
        """The device that alone used energy on a day; else nothing, and the devices are listed."""
        report = await page._cost(*instants_of(days, page.zone))  # noqa: SLF001 - public, a browser could call it
        found = build_cost(report, page.zone, page.currency)
        rows = [row for row in found.devices if row["key"]]
        used = [row for row in rows if row["used"]] or rows
        if len(used) == 1:
            return used[0]["key"]
        self._list("devices", found, found.devices)
        return ""

    def _list(self, step: str, report: CostView, rows: list[CostRow]):
        self.step, self.unit, self.rows, self.row_totals = step, report.unit, rows, report.total_cells

    async def _read_hours(self, page: CostPage, days: DayRange, hour: str):
        first, last = instants_of(days, page.zone)
        device, currency = device_uuid(self.open_device), page.report.currency
        found = await explain.list_hours(current(), device, first, last, self._customer())
        self.device_label = _name_of(page.report, self.open_device)
        self.hours = build_hours(found.lines, page.zone, currency)
        self.hour_totals = hour_totals(found.lines, currency)
        self.hours_as_of = formats.as_of(found.as_of, page.zone)
        self.hours_figure = hour_bars(found.lines, (first, last), page.zone, hour)
        if not hour:
            self.step = "hours"
            return
        at = parse_instant(hour)
        self.explained = build_explanation(
            await explain.explain_hour(current(), device, at, self._customer())
        )
        self.before, self.after = neighbours([row["key"] for row in self.hours], at.isoformat())
        labels = {row["key"]: row["label"] for row in self.hours}
        self.hour_label = labels.get(at.isoformat(), formats.local_time(at, page.zone))
        self.step = "hour"


def _name_of(report: CostView, device: str) -> str:
    rows = (*report.devices, *report.submeters)
    return next((row["label"] for row in rows if row["key"] == device), tr("Device"))
