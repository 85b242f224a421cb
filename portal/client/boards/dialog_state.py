"""State of the dialogs of boards and firmware."""

from typing import Any

import reflex as rx

from portal.auth.guards import admin_only
from portal.client.boards import forms
from portal.client.boards.state import BoardsState
from portal.client.boards.view import choices_of
from portal.client.ids import uuid_of
from portal.core.boards.rules.board_settings import BoardSettings
from portal.core.boards.service import boards, releases, rollouts
from portal.core.languages import tr
from portal.core.stack import current
from portal.features.settings.dialogs import AdminDialogs
from portal.ui.failures import failure_in_words


class BoardDialogs(AdminDialogs, mixin=True):
    """Dialogs of a page with boards: "settings" and "release" of one. A page with them shows again what was changed."""

    boxes: forms.BoardBoxes = forms.BoardBoxes()
    choices: list[tuple[str, str]] = []

    @rx.event
    @admin_only
    async def open_dialog(self, which: str, chosen_id: str, name: str):
        """Open a dialog, its form with what is stored."""
        self._choose(which, chosen_id, name)
        self.boxes = forms.BoardBoxes()
        with failure_in_words(self):
            await self._fill(which, chosen_id)

    @rx.event
    @admin_only
    async def save_settings(self, form: dict[str, Any]):
        """Set the chosen board up anew, unless somebody else did meanwhile."""
        with failure_in_words(self):
            device, stack = uuid_of(self.chosen_id), current()
            before = (await boards.get_board(stack, device)).board.settings or BoardSettings()
            said = forms.settings_in(form, before)
            await boards.change_settings(stack, device, said, expected=[self.boxes.version])
            await self._done(
                tr(
                    "The board of {chosen_name} takes its settings over after its next post.",
                    chosen_name=self.chosen_name,
                )
            )

    @rx.event
    @admin_only
    async def save_release(self, form: dict[str, Any]):
        """Say which release the chosen board is to run, unless somebody else did meanwhile."""
        with failure_in_words(self):
            version = str(form.get("release", ""))
            device, expected = uuid_of(self.chosen_id), [self.boxes.version]
            await boards.pin_release(current(), device, version, expected=expected)
            words = version or tr("what is rolled out to it")
            await self._done(
                tr("The board of {chosen_name} is to run {words}.", chosen_name=self.chosen_name, words=words)
            )

    async def _fill(self, which: str, chosen_id: str):
        self.choices = choices_of((await rollouts.rollouts_now(current())).releases)
        self.boxes = forms.boxes_of(await boards.get_board(current(), uuid_of(chosen_id)))

    async def _done(self, notice: str):
        self._forget()
        await self._show(notice)

    async def _show(self, notice: str):
        """Show at once what was changed."""
        raise NotImplementedError


class FirmwareDialogs(BoardDialogs, rx.State):
    """Those of the page of boards: beside theirs "roll-out" and "remove" of a release.

    `mark` is that of the release as it was when its dialog was opened.
    """

    percent: str = ""
    mark: str = ""

    @rx.event
    @admin_only
    async def roll_out(self, form: dict[str, Any]):
        """Offer the chosen release to so many of a hundred boards, unless somebody else changed that meanwhile."""
        with failure_in_words(self):
            percent = forms.percent_in(form)
            await releases.roll_out(current(), self.chosen_id, percent, expected=[self.mark])
            await self._done(
                tr(
                    "Release {chosen_id} is offered to {percent} % of the boards.",
                    chosen_id=self.chosen_id,
                    percent=percent,
                )
            )

    @rx.event
    @admin_only
    async def remove(self):
        """Delete the chosen release."""
        with failure_in_words(self):
            await releases.remove_release(current(), self.chosen_id, expected=[self.mark])
            await self._done(
                tr("Release {chosen_id} is deleted. Boards that run it go on.", chosen_id=self.chosen_id)
            )

    async def _fill(self, which: str, chosen_id: str):
        if which in {"settings", "release"}:
            await super()._fill(which, chosen_id)
        else:
            release = await releases.get_release(current(), chosen_id)
            self.percent, self.mark = str(release.percent), release.mark

    async def _show(self, notice: str):
        page = await self.get_state(BoardsState)
        await page._show(notice)  # noqa: SLF001 - a public method would be one more thing a browser could call
