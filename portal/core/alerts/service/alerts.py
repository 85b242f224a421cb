"""What happened: listed, and acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portal.core.alerts.queries import alert_messages
from portal.core.alerts.queries import alerts as queries
from portal.core.alerts.queries.alerts import StoredAlert
from portal.core.audit import queries as audit
from portal.core.audit.acting import present
from portal.core.audit.rules.changes import facts_in_words
from portal.core.errors import NotFound
from portal.core.values.pages import EVERYTHING, Asked, Page, page_of
from portal.core.values.texts import LONGEST_TEXT, sound_text
from portal.core.words import noted

if TYPE_CHECKING:
    from portal.core.stack import Stack

__all__ = ["StoredAlert"]

_NO_ALERT = noted("There is no such alert")


class OpenCount(NamedTuple):
    """How many alerts are open, and how many of them nobody has acknowledged."""

    is_open: int
    unseen: int


async def page_of_alerts(
    stack: Stack, asked: Asked = EVERYTHING, *, only_open: bool = False
) -> Page[StoredAlert]:
    """Return a page of alerts, the newest first."""
    before = None if asked.after is None else int(asked.after[0])
    async with stack.db.snapshot() as session:
        found = await queries.list_alerts(session, only_open=only_open, before_id=before, limit=asked.fetched)
    return page_of(found, asked, lambda alert: (str(alert.id),))


async def count_open(stack: Stack) -> OpenCount:
    """Return how many alerts there are to look at."""
    async with stack.db.snapshot() as session:
        return OpenCount(*await queries.count_open(session))


async def acknowledge(stack: Stack, alert_id: int, note: str = "") -> StoredAlert:
    """Say that somebody has seen an alert and looks after it; whoever was not told yet is not told any more.

    Who did so first stays; a note takes the place of the one before. Raises `NotFound`, `Invalid`.
    """
    sound = sound_text("A note", note, LONGEST_TEXT)
    now = stack.clock()
    async with stack.db.transaction() as session:
        found = await queries.find_alert(session, alert_id, for_change=True)
        if found is None:
            raise NotFound(_NO_ALERT)
        values: dict[str, object] = {}
        if found.acknowledged_at is None:
            values |= {"acknowledged_at": now, "acknowledged_by": present().name[:254]}
        if sound and sound != found.note:
            values["note"] = sound
        if values:
            await queries.update_alert(session, alert_id, values)
            await alert_messages.drop_waiting(session, alert_id, now)
            words = facts_in_words({"alert": found.words, "note": sound})
            await audit.record(session, "alert.acknowledged", f"{found.rule_name}: {found.subject}", words)
        after = await queries.find_alert(session, alert_id)
    if after is None:
        raise NotFound(_NO_ALERT)
    return after
