"""The demo's boards: the firmware's own node beside each simulated meter, with its flash in a file."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from portal.core.stack import utc_now
from portal.demo.meters import Meter
from portal.simulator.board import NodeSetup, SimulatedNode
from portal.simulator.hardware import SimulatedTime, flash_in
from portal.simulator.running import RunningNodes

LIVE_SECONDS = 5
# Room for half a day of readings, for a Client that is away.
_BLOCKS = 160


def boards_of(meters: Sequence[Meter], url: str, tokens: Mapping[str, str], directory: Path) -> RunningNodes:
    """Return the boards of the simulated meters, which run while it is entered. `tokens` are by external id.

    What they had not sent when the demo ended is in `directory`, and sent the next time.
    """
    directory.mkdir(parents=True, exist_ok=True)
    time = SimulatedTime(utc_now(), 1, utc_now)
    nodes = [
        SimulatedNode(
            meter.load,
            NodeSetup(url, tokens[meter.external_id], LIVE_SECONDS, LIVE_SECONDS),
            time,
            flash_in(directory / f"{meter.external_id}.flash", _BLOCKS),
            is_present=True,
        )
        for meter in meters
        if meter.load is not None
    ]
    return RunningNodes(nodes, time)
