"""`portal simulate`: boards that are not there, with the firmware's own code."""

import signal
from contextlib import suppress
from datetime import timedelta
from threading import Event
from time import monotonic
from types import FrameType
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from portal.commands.output import AsJson, answer
from portal.commands.session import with_stack
from portal.core.settings import RunMode
from portal.core.stack import Stack, utc_now
from portal.core.values.time import iso_utc
from portal.simulator.fleet import (
    SimulatedToken,
    SimulationReport,
    boards_for,
    prepare_devices,
    report_on,
)
from portal.simulator.hardware import SimulatedTime
from portal.simulator.running import RunningNodes

_TOLD_EVERY_S = 5.0


def simulate(
    devices: Annotated[int, typer.Option(min=1, max=1000, help="How many boards.")] = 1,
    speedup: Annotated[float, typer.Option(min=1, max=3600, help="How much faster time goes for them.")] = 1,
    days: Annotated[float, typer.Option(min=0, help="How many days ago they begin.")] = 0,
    url: Annotated[str, typer.Option(help="Address of the Client.")] = "http://127.0.0.1:8000",
    seconds: Annotated[float | None, typer.Option(min=0, help="Stop after so many.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run boards with simulated meters against a Client that is being served, until Ctrl-C.

    Boards that began in the past, and for which time goes faster, end up in the present.
    """

    async def prepare(stack: Stack) -> tuple[tuple[SimulatedToken, ...], ZoneInfo]:
        return await prepare_devices(stack, devices), ZoneInfo(stack.settings.application.time_zone)

    given, zone = with_stack(prepare, mode=RunMode.CLIENT)
    time = SimulatedTime(utc_now() - timedelta(days=days), speedup, utc_now)
    nodes = boards_for(given, url, time, zone)
    over = Event()
    _stop_by_signals(over)
    ends = None if seconds is None else monotonic() + seconds
    with RunningNodes(nodes, time):
        while not over.wait(_until_next_word(ends)):
            if ends is not None and monotonic() >= ends:
                break
            typer.echo(_in_words(report_on(nodes)), err=True)
    report = report_on(nodes)
    answer({"id": "simulation", **vars(report)}, _in_words(report), as_json=as_json)


def _until_next_word(ends: float | None) -> float:
    return _TOLD_EVERY_S if ends is None else max(0.0, min(_TOLD_EVERY_S, ends - monotonic()))


def _stop_by_signals(over: Event) -> None:
    def stop(_: int, __: FrameType | None) -> None:
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(ValueError):  # not the main thread: somebody else's signals
            signal.signal(number, stop)


def _in_words(report: SimulationReport) -> str:
    return (
        f"{report.devices} boards at {iso_utc(report.simulated_until)}: {report.taken} readings taken, "
        f"{report.sent} sent, {report.waiting} waiting, {report.dropped} dropped; {report.failed_posts} posts failed"
    )
