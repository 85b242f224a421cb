"""State of the dialog that explains a figure of a customer's cost."""

import reflex as rx

from portal.admin.customer_detail.cost.state import CustomerCostState
from portal.admin.identifiers import customer_uuid
from portal.auth.guards import signed_in
from portal.core.domain.time import parse_instant
from portal.core.services import explain
from portal.core.stack import current
from portal.ui.cost.days import instants_of
from portal.ui.cost.explain_view import ExplainView, HourRow, build_explanation, build_hours, device_uuid
from portal.ui.failures import failure_in_words
from portal.ui.range_picker import parse_days


class CustomerExplainState(rx.State):
    """A device and a day, its hours, and the hour that is explained."""

    explain_open: bool = False
    explain_device: str = ""
    explain_day: str = ""
    explain_devices: list[tuple[str, str]] = []
    hours: list[HourRow] = []
    explained: ExplainView = ExplainView()
    failure: str = ""

    @rx.event
    @signed_in
    async def explain_from_day(self, day: str):
        """Open at a day, with the first device."""
        page = await self.get_state(CustomerCostState)
        devices = [(row["key"], row["label"]) for row in page.report.devices if row["key"]]
        await self._open(devices, devices[0][0] if devices else "", day)

    @rx.event
    @signed_in
    async def explain_from_device(self, device: str):
        """Open at a device, on the last day with energy."""
        page = await self.get_state(CustomerCostState)
        devices = [(row["key"], row["label"]) for row in page.report.devices if row["key"]]
        used = [row["key"] for row in page.report.days if row["key"] and row["kwh"] != "0.00"]
        await self._open(devices, device, used[-1] if used else page.last_day)

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
                at, stack = parse_instant(hour), current()
                found = await explain.explain_hour(
                    stack, device_uuid(self.explain_device), at, customer_uuid(self.customer_id)
                )
                self.explained = build_explanation(found)

    @rx.event
    @signed_in
    def explain_close(self, is_open: bool):
        """Close the dialog."""
        self.explain_open = is_open

    async def _open(self, devices: list[tuple[str, str]], device: str, day: str):
        self.explain_devices, self.explain_device, self.explain_day = devices, device, day
        self.explain_open = True
        await self._read()

    async def _read(self):
        self.hours, self.explained = [], ExplainView()
        page = await self.get_state(CustomerCostState)
        days = parse_days(self.explain_day, self.explain_day)
        if days is None or not self.explain_device:
            return
        with failure_in_words(self):
            first, last = instants_of(days, page.zone)
            found = await explain.list_hours(
                current(), device_uuid(self.explain_device), first, last, customer_uuid(self.customer_id)
            )
            self.hours = build_hours(found, page.zone, page.report.unit)
