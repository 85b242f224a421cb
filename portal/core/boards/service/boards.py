"""What boards say of themselves is kept, and they are told what they are to be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from portal.core.audit import queries as audit
from portal.core.audit.rules.changes import changes_in_words
from portal.core.boards.queries import boards as queries
from portal.core.boards.queries import releases
from portal.core.boards.queries.boards import DeviceBoard, KnownBoard
from portal.core.boards.rules.board_settings import BoardSettings, sound_settings
from portal.core.boards.rules.board_words import PERIOD_SECONDS, BoardWord, kept_minutes
from portal.core.boards.rules.releases import offered
from portal.core.errors import NotFound
from portal.core.sites.queries import devices
from portal.core.values.versions import require_version
from portal.core.words import noted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.sites.queries.devices import StoredDevice
    from portal.core.stack import Stack

__all__ = ["DeviceBoard", "KnownBoard"]

# What stays the same is written down no oftener.
_HEARD_WITHIN = timedelta(minutes=10)
SILENT_AFTER = timedelta(hours=2)
_MOST_SILENT = 20
_NO_DEVICE = noted("There is no such device")
_NO_RELEASE = noted("There is no such release of firmware")


class BoardOffer(NamedTuple):
    """What the answer to a post says: a version of settings that wait for the board, and a release to fetch."""

    settings_version: int | None = None
    release: str = ""


class SetUp(NamedTuple):
    """How a board is to be set up."""

    version: int
    settings: BoardSettings


async def hear(stack: Stack, device_id: UUID, word: BoardWord, now: datetime) -> BoardOffer:
    """Note what a board says of itself at `now` (aware UTC), and return what waits for it."""
    async with stack.db.transaction() as session:
        before = await queries.find_board(session, device_id)
        if _is_news(before, word, now):
            await queries.note_word(session, device_id, word, now)
        rollouts = await releases.list_rollouts(session)
    release = offered(device_id, word.running, word.failed_release, before.pinned_release, rollouts)
    waits = before.settings_version > 0 and before.settings_version != word.applied_version
    return BoardOffer(before.settings_version if waits else None, release)


async def settings_for(stack: Stack, device_id: UUID) -> SetUp:
    """Return how a board is to be set up, version 0 without any settings where nobody has said."""
    async with stack.db.snapshot() as session:
        board = await queries.find_board(session, device_id)
    return SetUp(board.settings_version, board.settings or BoardSettings())


async def silent_boards(stack: Stack) -> dict[UUID, int]:
    """Return the devices whose boards say nothing, with the minutes for which each keeps its readings from then on.

    Of boards that have said how much they hold; no more than fit into a header, those that are silent longest first.
    """
    async with stack.db.snapshot() as session:
        found = await queries.silent_boards(session, stack.clock() - SILENT_AFTER, _MOST_SILENT)
    return {
        device_id: kept_minutes(readings, _period_seconds(settings or {}))
        for device_id, readings, settings in found
    }


def _period_seconds(settings: Mapping[str, object]) -> int:
    said = settings.get("periodSeconds")
    return said if isinstance(said, int) else PERIOD_SECONDS


async def list_boards(stack: Stack) -> list[DeviceBoard]:
    """Return the boards that have ever said what they run, by site and name."""
    async with stack.db.snapshot() as session:
        return await queries.list_boards(session)


async def get_board(stack: Stack, device: UUID | str, *, site_id: UUID | None = None) -> DeviceBoard:
    """Return the board of a device, by its id or external id. Raises `NotFound`."""
    async with stack.db.snapshot() as session:
        found = await _device(stack, session, device, site_id)
        return _of(found, await queries.find_board(session, found.id))


async def change_settings(
    stack: Stack,
    device: UUID | str,
    given: Mapping[str, object],
    *,
    site_id: UUID | None = None,
    expected: Collection[str] | None = None,
) -> DeviceBoard:
    """Set a board up anew: it fetches this after its next post. `given` is all of it, as `BoardSettings` has it.

    With `site_id` only for a device that stands there. `expected` are the versions of the board that this is meant for,
    None for any. Raises `NotFound`, `Outdated`, `Invalid`.
    """
    settings = sound_settings(given)
    async with stack.db.transaction() as session:
        found = await _device(stack, session, device, site_id, for_change=True)
        before = await queries.find_board(session, found.id, for_change=True)
        require_version(_of(found, before).version, expected)
        if settings != (before.settings or {}):
            await queries.store_settings(session, found.id, settings, before.settings_version + 1)
            words = changes_in_words(before.settings or {}, settings)
            await audit.record(session, "device.board_set_up", found.external_id, words)
        return _of(found, await queries.find_board(session, found.id))


async def pin_release(
    stack: Stack,
    device: UUID | str,
    version: str,
    *,
    site_id: UUID | None = None,
    expected: Collection[str] | None = None,
) -> DeviceBoard:
    """Have a board run one release, or with an empty `version` whichever is rolled out to it.

    One that it has fallen back from it does not take again. `expected` are the versions of the board that this is meant
    for, None for any. Raises `NotFound`, `Outdated`.
    """
    async with stack.db.transaction() as session:
        found = await _device(stack, session, device, site_id, for_change=True)
        if version and version not in {each.version for each in await releases.list_rollouts(session)}:
            raise NotFound(_NO_RELEASE)
        before = await queries.find_board(session, found.id, for_change=True)
        require_version(_of(found, before).version, expected)
        await queries.pin_release(session, found.id, version)
        words = changes_in_words({"release": before.pinned_release}, {"release": version})
        await audit.record(session, "device.board_pinned", found.external_id, words or f"release: {version}")
        return _of(found, await queries.find_board(session, found.id))


def _is_news(before: KnownBoard, word: BoardWord, now: datetime) -> bool:
    if before.heard_at is None or now - before.heard_at > _HEARD_WITHIN:
        return True
    return (before.running, before.applied_version, before.failed_release) != (
        word.running,
        word.applied_version,
        word.failed_release,
    )


async def _device(
    stack: Stack,
    session: AsyncSession,
    device: UUID | str,
    site_id: UUID | None,
    *,
    for_change: bool = False,
) -> StoredDevice:
    if isinstance(device, str):
        found = await devices.find_device(session, device, stack.clock(), for_change=for_change)
    else:
        found = await devices.get_device(session, device, stack.clock(), for_change=for_change)
    if found is None or site_id not in {None, found.site_id}:
        raise NotFound(_NO_DEVICE)
    return found


def _of(device: StoredDevice, board: KnownBoard) -> DeviceBoard:
    return DeviceBoard(device.id, device.site_name, device.name, device.external_id, board)
