"""State of the dialog that explains a figure of a Cost page."""

from typing import ClassVar
from uuid import UUID

import reflex as rx

from portal.auth.guards import signed_in
from portal.core.cost.service import explain
from portal.core.stack import current
from portal.core.values.time import parse_instant
from portal.features.cost.days import instants_of
from portal.features.cost.explain_view import (
    ExplainView,
    HourRow,
    build_explanation,
    build_hours,
    device_uuid,
    hour_totals,
)
from portal.features.cost.page_state import CostPage
from portal.features.cost.view import CostRow, CostView, build_cost
from portal.ui import formats
from portal.ui.failures import failure_in_words
from portal.ui.range_picker import parse_days


class CostExplainer(rx.State, mixin=True):
    """From a figure to its days, a day's devices, a device's hours, and the hour that is explained.

    `step` is "days", "devices" or "hours". `_page` is the state of the page it lies on.
    """

    _page: ClassVar[type[CostPage]]

    explain_open: bool = False
    explain_device: str = ""
    explain_day: str = ""
    explain_devices: list[tuple[str, str]] = []
    step: str = "hours"
    step_title: str = ""
    step_unit: str = ""
    step_rows: list[CostRow] = []
    step_totals: list[str] = ["", "", "", ""]
    hours: list[HourRow] = []
    hour_totals: list[str] = ["", "", "", ""]
    hours_as_of: str = ""
    explained: ExplainView = ExplainView()
    failure: str = ""

    @rx.event
    @signed_in
    async def explain_from_total(self):
        """Open at the days of a figure of the whole range."""
        page = await self.get_state(self._page)
        self._open(page, "", "")
        self._list("days", page.range_label, page.report, page.report.days)

    @rx.event
    @signed_in
    async def explain_from_day(self, day: str):
        """Open at a day: at its devices, or where one alone used energy at its hours."""
        await self._from_day(day)

    @rx.event
    @signed_in
    async def explain_devices_of_day(self):
        """Show the devices of the day that is open."""
        await self._read_devices()

    @rx.event
    @signed_in
    async def explain_choose_row(self, key: str):
        """Go from a day to its devices, or from a device to its hours."""
        if self.step == "days":
            await self._from_day(key)
        else:
            self.explain_device = key
            await self._read()

    @rx.event
    @signed_in
    async def explain_from_device(self, device: str):
        """Open at a device, on the last day with energy."""
        page = await self.get_state(self._page)
        used = [row["key"] for row in page.report.days if row["key"] and row["used"]]
        self._open(page, device, used[-1] if used else page.last_day)
        await self._read()

    @rx.event
    @signed_in
    async def explain_choose_device(self, device: str):
        """Show another device."""
        self.explain_device = device
        await self._read()

    @rx.event
    @signed_in
    async def explain_choose_day(self, day: str):
        """Show another day."""
        self.explain_day = day
        await self._read()

    @rx.event
    @signed_in
    async def explain_hour(self, hour: str):
        """Explain an hour; without one go back to the list."""
        self.explained = ExplainView()
        if hour:
            with failure_in_words(self):
                at, device = parse_instant(hour), device_uuid(self.explain_device)
                found = await explain.explain_hour(current(), device, at, self._customer())
                self.explained = build_explanation(found)

    @rx.event
    @signed_in
    def explain_close(self, is_open: bool):
        """Close the dialog."""
        self.explain_open = is_open

    def _customer(self) -> UUID | None:
        """The customer whose device it is, in the Admin mode."""
        return None

    def _open(self, page: CostPage, device: str, day: str):
        self.explain_devices = [
            (row["key"], f"{row['label']}, {row['note']}")
            for row in (*page.report.devices, *page.report.submeters)
            if row["key"]
        ]
        self.explained, self.failure = ExplainView(), ""
        self.explain_device, self.explain_day, self.explain_open = device, day, True

    async def _from_day(self, day: str):
        page = await self.get_state(self._page)
        rows = [row for row in page.report.devices if row["key"]]
        used = [row["key"] for row in rows if row["used"]]
        self._open(page, used[0] if used else rows[0]["key"] if rows else "", day)
        await (self._read_devices() if len(used) > 1 else self._read())

    def _list(self, step: str, title: str, report: CostView, rows: list[CostRow]):
        self.step, self.step_title, self.step_unit = step, title, report.unit
        self.step_rows, self.step_totals = rows, report.total_cells

    async def _read_devices(self):
        page = await self.get_state(self._page)
        days = parse_days(self.explain_day, self.explain_day)
        if days is None:
            return
        with failure_in_words(self):
            window = instants_of(days, page.zone)
            report = await page._cost(*window)  # noqa: SLF001 - public, a browser could call it
            found = build_cost(report, page.zone, page.currency)
            self._list("devices", formats.day(days.first), found, found.devices)

    async def _read(self):
        self.step, self.hours, self.explained, self.failure = "hours", [], ExplainView(), ""
        page = await self.get_state(self._page)
        days = parse_days(self.explain_day, self.explain_day)
        if days is None or not self.explain_device:
            return
        with failure_in_words(self):
            first, last = instants_of(days, page.zone)
            device = device_uuid(self.explain_device)
            found = await explain.list_hours(current(), device, first, last, self._customer())
            self.hours = build_hours(found.lines, page.zone, page.report.currency)
            self.hour_totals = hour_totals(found.lines, page.report.currency)
            self.hours_as_of = formats.as_of(found.as_of, page.zone)
