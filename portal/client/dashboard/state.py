"""State of the dashboard: what is shown now, kept up to date while the page is open."""

import asyncio
from dataclasses import replace
from typing import Any

import reflex as rx

from portal.auth.guards import signed_in
from portal.client.dashboard import view
from portal.core.energy import energy_proof
from portal.core.languages import tr
from portal.core.log import logger
from portal.core.operations.service import backups
from portal.core.outages import Outage
from portal.core.overview.service import overview as dashboard
from portal.core.stack import Stack
from portal.features.data_quality.seal import Seal, build_restore_seal, build_seal
from portal.web.events.beats import Beat, beats

_BEAT_SECONDS, _ALL_SECONDS = 5, 60
_log = logger("dashboard")
_no_figures = Outage(_log, "The overview is not read")
_no_seal = Outage(_log, "The energy proof is not read")


class DashboardState(rx.State):
    """The live figures and the list of sites."""

    figures: view.DashboardFigures = view.DashboardFigures()
    seal: Seal = Seal()
    restore_seal: Seal = Seal()
    sites: list[view.SiteFigures] = []
    waiting_note: str = ""
    failure: str = ""
    is_loading: bool = True
    is_empty: bool = False

    @rx.event(background=True)
    @signed_in
    async def follow(self):
        """Read the overview now and every few seconds, until the page is left or the session ends.

        What the page has already is not sent again but once a minute.
        """
        sent_minute, sent = None, dict[str, Any]()
        async for each in beats(self, seconds=_BEAT_SECONDS):
            minute = each.began_at // _ALL_SECONDS
            found, seals = await asyncio.gather(_view(each), _seals(each))
            if found is None or minute != sent_minute:
                sent = {}
            sent_minute = None if found is None else minute
            shown = _shown(found) | {"seal": seals[0], "restore_seal": seals[1]}
            changed = {
                name: value for name, value in shown.items() if name not in sent or sent[name] != value
            }
            if changed:
                async with self:
                    for name, value in changed.items():
                        setattr(self, name, value)
            sent |= changed


def _shown(found: view.DashboardView | None) -> dict[str, Any]:
    """Return the fields of the state that a beat fills."""
    if found is None:
        return {"is_loading": False, "failure": tr("The figures could not be read. This page keeps trying.")}
    return {
        "is_loading": False,
        "failure": "",
        "figures": found.figures,
        "sites": found.sites,
        "waiting_note": found.waiting_note,
        "is_empty": found.is_empty,
    }


async def _view(beat: Beat) -> view.DashboardView | None:
    with _no_figures.noted():  # whatever it is, the page goes on trying
        return await beat.words(_read_view)
    return None


async def _seals(beat: Beat) -> tuple[Seal, Seal]:
    """Return the seals; that of the nightly backup is asked for once a minute."""
    minute = replace(beat, began_at=beat.began_at // _ALL_SECONDS * _ALL_SECONDS, seconds=_ALL_SECONDS)
    with _no_seal.noted():  # the page is as good without its seals
        return await beat.words(_read_seal), await minute.words(_read_restore_seal)
    return Seal(), Seal()


async def _read_view(stack: Stack) -> view.DashboardView:
    """Read the overview and word it, once for all pages of a language: all of it is of one moment."""
    return view.build_view(await dashboard.client_overview(stack), stack.clock())


async def _read_seal(stack: Stack) -> Seal:
    return build_seal(await energy_proof.latest_proof(stack), stack.clock())


async def _read_restore_seal(stack: Stack) -> Seal:
    return build_restore_seal(await backups.restores(stack), stack.clock())
