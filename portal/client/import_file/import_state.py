"""State of the import of a file: what it looks like, what was tried or stored, and how far that is."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import reflex as rx

from portal.auth.guards import admin_only
from portal.client.ids import uuid_of
from portal.client.import_file import view
from portal.client.sites.forms import Choice
from portal.core.errors import Invalid
from portal.core.languages import tr
from portal.core.readings.rules.reading_files import FileInvalid
from portal.core.sites.rules.meter_tree import DeviceKind
from portal.core.sites.service import devices
from portal.core.stack import current
from portal.features.readings_import import uploads
from portal.features.readings_import.look import look_at
from portal.features.readings_import.run import ImportOptions, ImportProgress, import_file
from portal.ui.failures import failure_in_words
from portal.web.events.beats import beats

_PATH = "/sites/import"
_SHOW_SECONDS = 0.5


class ImportState(rx.State):
    """The file in the address, what it is taken for, and what became of it. `step` is "file", "look" or "report"."""

    step: str = "file"
    file: str = ""
    name: str = ""
    device: str = ""
    device_name: str = ""
    devices: list[Choice] = []
    zone: str = ""
    look: view.LookView = view.LookView()
    sheet: str = ""
    report: view.ReportView = view.ReportView()
    is_loading: bool = True
    is_running: bool = False
    progress: str = ""
    percent: int = 0
    failure: str = ""
    _options: ImportOptions | None = None

    @rx.event
    @admin_only
    async def load(self):
        """Look at the file in the address."""
        query = self.router.url.query_parameters
        with failure_in_words(self):
            await self._read_devices(query.get("device", ""))
            file = query.get("file", "")
            if file != self.file or not file:
                self.file, self.report, self.sheet = file, view.ReportView(), ""
                self.step = "look" if file else "file"
            if file and self.step == "look":
                await self._look()
        if not self.failure:
            self.failure = tr(view.PROBLEMS.get(query.get("problem", ""), ""))
        elif not self.is_running:
            self.step = "file"
        self.is_loading = False

    @rx.event
    @admin_only
    async def choose_sheet(self, sheet: str):
        """Look at another sheet of a workbook."""
        with failure_in_words(self):
            self.sheet = sheet
            await self._look()

    @rx.event
    @admin_only
    def change_answers(self):
        """Go back to the boxes."""
        self.step, self.failure = "look", ""

    @rx.event
    @admin_only
    def try_file(self, form: dict[str, Any]):
        """Say what would be stored."""
        with failure_in_words(self):
            self.device = str(uuid_of(str(form.get("device", ""))))
            self._options = view.options_in(form, self.look)
            return type(self).run(True)
        return None

    @rx.event(background=True)
    @admin_only
    async def run(self, is_dry_run: bool):
        """Try or store the file, as the boxes said when it was tried, and show how far that is meanwhile."""
        async with self:
            if self.is_running or self._options is None:
                return
            self.is_running, self.progress, self.percent = True, "", 0
            wanted = _Wanted(self.file, self.device, replace(self._options, is_dry_run=is_dry_run), self.zone)
        progress = ImportProgress()
        working = asyncio.create_task(_imported(wanted, progress))
        async for _ in beats(self, _SHOW_SECONDS):
            async with self:
                self.progress, self.percent = view.progress_in_words(progress)
            if working.done():
                break
        await asyncio.wait([working])  # also when nobody looks on: what was begun is stored
        async with self:
            self.is_running = False
            with failure_in_words(self):
                self.report, self.step = working.result(), "report"

    @rx.event
    @admin_only
    async def forget(self):
        """Remove the file and begin anew."""
        with failure_in_words(self):
            await asyncio.to_thread(uploads.forget_upload, current(), self.file)
        self.file = ""
        return rx.redirect(_PATH)

    async def _look(self):
        kept = await asyncio.to_thread(uploads.find_upload, current(), self.file)
        self.name = kept.name
        try:
            look = await asyncio.to_thread(look_at, kept.path, self.sheet or None)
        except FileInvalid as error:
            raise Invalid(view.in_page_words(str(error)).replace(self.file, kept.name)) from None
        except (OSError, UnicodeError):
            raise Invalid(
                tr("{name} is neither text (UTF-8) nor a workbook (.xlsx)", name=kept.name)
            ) from None
        self.look = view.build_look(look)

    async def _read_devices(self, device: str):
        stack = current()
        found = [each for each in await devices.list_devices(stack) if each.kind is not DeviceKind.VIRTUAL]
        self.devices = [(str(each.id), f"{each.name}, {each.site_name}") for each in found]
        self.device = device if any(device == key for key, _ in self.devices) else ""
        self.zone = self.zone or stack.settings.application.time_zone


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file that is to be tried or stored, for which meter, and in whose time zone the report speaks."""

    file: str
    device: str
    options: ImportOptions
    zone: str


async def _imported(wanted: _Wanted, progress: ImportProgress) -> view.ReportView:
    stack = current()
    kept = await asyncio.to_thread(uploads.find_upload, stack, wanted.file)
    try:
        report = await import_file(
            stack, kept.path, wanted.device, wanted.options, progress=progress, name=kept.name
        )
    except Invalid as error:
        raise Invalid(view.in_page_words(error.message)) from None
    return view.build_report(report, wanted.zone or "UTC", is_dry_run=wanted.options.is_dry_run)
