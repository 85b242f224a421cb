"""A person's answer to an open event: what it would do while it is typed, and the decision itself. At the Client."""

from dataclasses import replace
from secrets import token_hex
from typing import Any
from uuid import UUID

import reflex as rx

from portal.auth.guards import admin_only
from portal.core import energy
from portal.core.errors import Invalid
from portal.core.languages import tr
from portal.core.quality.rules.answers import Correction, EventAnswer
from portal.core.quality.service import effects, meter_events
from portal.core.stack import current
from portal.features.data_quality.event_view import EventView, build_event, correction_of
from portal.features.data_quality.page_state import QualityPage
from portal.features.data_quality.waiting_state import WaitingState
from portal.features.settings.dialogs import AdminDialogs
from portal.ui.failures import failure_in_words

_BOXES = ("closing", "opening", "at", "ratio")
_LONGEST = 100


class DecidingPage(QualityPage, AdminDialogs, mixin=True):
    """A Data quality page whose events can be decided about."""

    typed: dict[str, str] = {}
    problem: str = ""

    @rx.event
    @admin_only
    async def type_box(self, name: str, text: str):
        """Say what a correction would do, as far as it is typed."""
        if name not in _BOXES:
            return
        self.typed = self.typed | {name: text[:_LONGEST]}
        self.problem = ""
        known = self._known(self.typed)
        if known is None or known == Correction():
            return
        try:
            found = await effects.effects_of(current(), self.opened_id, known=known)
        except Invalid as error:
            self.problem = tr(error.said)
            return
        self.event = build_event(found)
        self._mark(EventAnswer.CORRECT.value)

    @rx.event
    @admin_only
    async def decide(self, form: dict[str, Any]):
        """Decide as chosen, and show what is next."""
        boxes = {name: str(form.get(name, "")) for name in _BOXES}
        is_correction = self.chosen == EventAnswer.CORRECT.value
        known = self._known(boxes) if is_correction else None
        if is_correction and known is None:
            return
        with failure_in_words(self):
            stack = current()
            note = str(form.get("note", ""))
            await meter_events.decide(stack, self.opened_id, EventAnswer(self.chosen), note, known)
            await energy.refresh(stack, pass_seconds=1)
            self._finish()
            yield self._go(replace(self._present(), event=""))
            yield [type(self).load, WaitingState.recount]

    @rx.event
    @admin_only
    async def undo(self, form: dict[str, Any]):
        """Undo the decision that the dialog is open for."""
        with failure_in_words(self):
            stack = current()
            await meter_events.undo(stack, self._chosen_decision(), str(form.get("undo_note", "")))
            await energy.refresh(stack, pass_seconds=1)
            self._forget()
            self._finish()
            yield [type(self).load, WaitingState.recount]

    def _finish(self) -> None:
        self.typed, self.problem, self.draft_done = {}, "", token_hex(8)
        self.event, self.opened_id = EventView(), ""

    def _chosen_decision(self) -> UUID:
        try:
            return UUID(self.chosen_id)
        except ValueError:
            message = tr("There is no such decision.")
            raise Invalid(message) from None

    def _known(self, boxes: dict[str, str]) -> Correction | None:
        """Return what is typed; None, and why, where it cannot be read. The time alone says nothing."""
        others = {name: text for name, text in boxes.items() if name != "at"}
        try:
            known = correction_of(boxes, self.event.zone)
            return (
                known
                if any(text.strip() for text in others.values()) or self._is_moved(known)
                else Correction()
            )
        except ValueError as error:
            text = str(error)
            self.problem = f"{text[:1].upper()}{text[1:]}."
            return None

    def _is_moved(self, known: Correction) -> bool:
        """Whether the time is another one than the event's."""
        return known.at is not None and known != correction_of({"at": self.event.at_value}, self.event.zone)
