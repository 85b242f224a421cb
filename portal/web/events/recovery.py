"""What a page does while the database cannot be used: it says so, and comes back by itself.

A page that follows its figures goes on asking, and its notice goes when there is an answer. A page that could not be
read at all has the browser load it again; until the database answers that gives the page of `unavailable`, which does
the same.
"""

import reflex as rx
from reflex.istate.proxy import StateProxy
from reflex.state import BaseState

from portal.core.languages import tr
from portal.core.log import logger
from portal.core.outages import Outage
from portal.ui.failures import is_outage
from portal.ui.linked import linked_script
from portal.ui.shell import notice
from portal.web.http.unavailable import RELOAD_SECONDS

_SCRIPT = linked_script(__file__, "recovery.jsx")
# What pages are read with: their `on_load` names these.
_READS_THE_PAGE = frozenset({"load", "follow"})
OUTAGE = Outage(logger("auth"), "Events of pages are not answered")


class RecoveryState(rx.State):
    """Whether the tab's page is out of date (`is_away`), and whether it has to be loaded again (`is_unread`)."""

    is_away: bool = False
    is_unread: bool = False


class _Recovery(rx.Component):
    library = _SCRIPT
    tag = "Recovery"

    unread: rx.Var[bool]
    seconds: rx.Var[int]


def recovery_notice() -> rx.Component:
    """Says that the database is away; where the page was not read, it is loaded again."""
    words = tr("The database does not answer just now. What you see may be out of date; trying again.")
    return rx.fragment(
        rx.cond(RecoveryState.is_away, notice("database", words), rx.fragment()),
        _Recovery.create(unread=RecoveryState.is_unread, seconds=RELOAD_SECONDS),
    )


async def say(state: rx.State, *, is_away: bool) -> None:
    """Show the notice in the tab of a background handler, or take it away."""
    async with state:
        (await state.get_state(RecoveryState)).is_away = is_away


async def note_unread(state: rx.State, handler: str) -> None:
    """Have the page loaded again where `handler` was to read it and the database could not be used."""
    if handler not in _READS_THE_PAGE:
        return
    if is_background(state):
        async with state:
            await load_again(state)
    else:
        await load_again(state)


async def note_outcome(state: rx.State, handler: str) -> None:
    """Do the same after a handler that ran and said that it failed so."""
    if handler in _READS_THE_PAGE and not is_background(state) and is_outage(state):
        await load_again(state)


async def load_again(state: BaseState) -> None:
    """Say that the database is away, and have the page loaded again."""
    recovery = await state.get_state(RecoveryState)
    recovery.is_away = recovery.is_unread = True


def is_background(state: rx.State) -> bool:
    """Whether the handler runs beside others, and must ask for the state before it writes."""
    return isinstance(state, StateProxy)
