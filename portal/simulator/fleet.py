"""Simulated devices of a Client: added where they are not there yet, each with a new token, and boards for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from portal.core.errors import Invalid, Misconfigured, NotFound
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.simulator.board import NodeSetup, SimulatedNode
from portal.simulator.hardware import SimulatedTime, blank_flash
from portal.simulator.load_model import BuildingLoad, LoadKind

SITE = "Simulated boards"
# A week of readings of all quantities, one a minute.
_BLOCKS = 160
_KINDS = tuple(LoadKind)


@dataclass(frozen=True)
class SimulatedToken:
    """A simulated device and the token that it has from now on."""

    external_id: str
    token: str


async def prepare_devices(stack: Stack, count: int) -> tuple[SimulatedToken, ...]:
    """Return so many devices of the site for simulated boards, added where they are missing, with new tokens.

    Raises `Misconfigured` in production, where nobody wants readings that were made up.
    """
    if stack.settings.is_production:
        msg = "Readings of simulated boards are not for a stack in production"
        raise Misconfigured(msg)
    if all(site.name != SITE for site in await sites.list_sites(stack)):
        await sites.add_site(stack, SITE)
    return tuple([await _device(stack, number) for number in range(1, count + 1)])


async def _device(stack: Stack, number: int) -> SimulatedToken:
    external_id = f"simulated-{number:03}"
    try:
        issued = await devices.rotate_device_token(stack, external_id)
    except NotFound:
        issued = await devices.add_device(
            stack, f"Simulated meter {number}", site=SITE, external_id=external_id
        )
    if issued.token is None:
        message = f"{external_id} is a virtual meter: no board reads it"
        raise Invalid(message)
    return SimulatedToken(external_id, issued.token)


def boards_for(
    given: Sequence[SimulatedToken], url: str, time: SimulatedTime, zone: ZoneInfo
) -> list[SimulatedNode]:
    """Return a board for each device, with a load of its own behind the meter. Raises `Invalid` for a wrong address."""
    return [
        SimulatedNode(
            BuildingLoad(1000 + index, _KINDS[index % len(_KINDS)], zone),
            NodeSetup(url, each.token),
            time,
            blank_flash(_BLOCKS),
            is_present=time.speedup == 1,
        )
        for index, each in enumerate(given)
    ]


@dataclass(frozen=True)
class SimulationReport:
    """What the boards have done so far, by their own counters."""

    simulated_until: datetime
    devices: int
    taken: int
    sent: int
    waiting: int
    failed_posts: int
    dropped: int


def report_on(nodes: Sequence[SimulatedNode]) -> SimulationReport:
    """Add up what the boards have counted since they started."""
    counters = [node.node.counters for node in nodes]
    taken, sent = sum(each.taken for each in counters), sum(each.sent for each in counters)
    dropped = sum(node.node.ring.dropped for node in nodes)
    return SimulationReport(
        min(node.now() for node in nodes),
        len(nodes),
        taken,
        sent,
        taken - sent - dropped,
        sum(each.failed_posts for each in counters),
        dropped,
    )
