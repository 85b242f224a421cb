"""State of the dashboard: what is shown now, kept up to date while the page is open."""

import asyncio
from datetime import datetime

import reflex as rx

from portal.auth.guards import signed_in
from portal.client.dashboard import view
from portal.core.energy import energy_proof
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.overview import service as dashboard
from portal.core.stack import current
from portal.features.data_quality.seal import Seal, build_seal
from portal.ui.charts import NO_FIGURE, Figure
from portal.web.events.beats import Beat, beats

_BEAT_SECONDS = 5
# The chart moves a bucket in five minutes; sending its 288 points at every beat would be for nothing.
_BEATS_PER_CHART = 12
_log = logger("dashboard")
_no_figures = Outage(_log, "The overview is not read")
_no_seal = Outage(_log, "The energy proof is not read")


class DashboardState(rx.State):
    """The figures, the chart and the list of sites."""

    figures: view.DashboardFigures = view.DashboardFigures()
    seal: Seal = Seal()
    sites: list[view.SiteFigures] = []
    power_chart: Figure = NO_FIGURE
    chart_label: str = "Power of the last 24 hours"
    zone_note: str = ""
    waiting_note: str = ""
    failure: str = ""
    is_loading: bool = True
    is_empty: bool = False

    @rx.event(background=True)
    @signed_in
    async def follow(self):
        """Read the overview now and every few seconds, until the page is left or the session ends."""
        beat = 0
        async for each in beats(self, seconds=_BEAT_SECONDS):
            (overview, now), proof = await asyncio.gather(_overview(each), _proof(each))
            async with self:
                self.seal = build_seal(proof, now)
                self._show(overview, now, with_chart=beat % _BEATS_PER_CHART == 0)
            beat = beat + 1 if overview is not None else 0

    def _show(self, overview: dashboard.ClientOverview | None, now: datetime, *, with_chart: bool) -> None:
        self.is_loading = False
        self.failure = (
            "" if overview is not None else "The figures could not be read. This page keeps trying."
        )
        if overview is None:
            return
        self.is_empty = not view.has_devices(overview)
        self.figures = view.build_figures(overview, now)
        self.sites = view.build_sites(overview, now)
        self.waiting_note = view.waiting_note(overview)
        if with_chart:
            self.power_chart = view.build_power_chart(overview)
            self.chart_label = view.chart_label(overview)
            self.zone_note = view.zone_note(overview)


async def _overview(beat: Beat) -> tuple[dashboard.ClientOverview | None, datetime]:
    clock = current().clock
    with _no_figures.noted():  # whatever it is, the page goes on trying
        return await beat.read(dashboard.client_overview), clock()
    return None, clock()


async def _proof(beat: Beat) -> energy_proof.EnergyProof | None:
    with _no_seal.noted():  # the page is as good without its seal
        return await beat.read(energy_proof.latest_proof)
    return None
