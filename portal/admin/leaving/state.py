"""State of the page on which a customer leaves."""

from typing import Any
from uuid import UUID

import reflex as rx

from portal.admin.identifiers import CustomerAddress, customer_uuid
from portal.admin.leaving import view
from portal.auth.guards import admin_only
from portal.core.errors import NotFound
from portal.core.fleet.service import customer_export, customers, decommission
from portal.core.languages import tr
from portal.core.stack import current
from portal.ui import formats
from portal.ui.failures import failure_in_words
from portal.web.events.beats import beats

_REFRESH_SECONDS = 3


class LeavingState(CustomerAddress, rx.State):
    """The customer named in the address, what was handed out of it, and how far its deletion is."""

    title: str = tr("Decommission")
    code: str = ""
    is_missing: bool = False
    is_loading: bool = True
    is_begun: bool = False
    progress: str = ""
    export: view.ExportWords = view.NO_EXPORT
    export_href: str = ""
    rows: list[view.LeavingRow] = []
    failure: str = ""

    @rx.event
    @admin_only
    async def load(self):
        """Read who leaves, and how far that is."""
        self._start_over()
        with failure_in_words(self):
            await self._read()
        self.is_loading = False

    @rx.event(background=True)
    @admin_only
    async def follow(self):
        """Keep it up to date while it is shown."""
        async for _ in beats(self, _REFRESH_SECONDS):
            async with self:
                with failure_in_words(self):
                    await self._read()

    @rx.event
    @admin_only
    async def begin(self, form: dict[str, Any]):
        """Have everything of the customer deleted, where its code was typed."""
        with failure_in_words(self):
            stack, typed = current(), str(form.get("code", ""))
            without_export = form.get("without_export") in {"on", True}
            wanted = customer_uuid(self.customer_id)
            await decommission.begin(stack, wanted, typed, without_export=without_export)
            await self._read()

    async def _read(self) -> None:
        stack = current()
        found = await decommission.list_leaving(stack)
        self.rows = view.build_rows(found, stack.settings.application.time_zone)
        try:
            wanted = customer_uuid(self.customer_id)
            line = await customers.get_customer(stack, wanted)
        except NotFound:
            self.is_missing, self.is_begun = True, False
            return
        self.title, self.code = tr("Decommission {name}", name=line.name), line.code
        self.export_href = f"/api/admin/customers/{wanted}/export"
        self.export = view.export_words(await customer_export.last_export(stack, wanted), stack.clock())
        self._show_progress(found, wanted)

    def _show_progress(self, found: tuple[decommission.LeavingCustomer, ...], wanted: UUID) -> None:
        own = next((each for each in found if each.customer_id == wanted), None)
        self.is_begun = own is not None
        self.progress = (
            ""
            if own is None
            else tr(
                "{row} deleted so far", row=formats.counted(own.rows_deleted, "{count} row", "{count} rows")
            )
        )
