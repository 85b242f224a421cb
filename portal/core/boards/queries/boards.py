"""What boards said of themselves, and what they are to be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import case, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.boards.tables import Board
from portal.core.sites.tables import Device, Site
from portal.core.values.versions import version_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.boards.rules.board_settings import BoardSettings
    from portal.core.boards.rules.board_words import BoardWord


class KnownBoard(NamedTuple):
    """What is kept of a board."""

    running: str
    failed_release: str
    applied_version: int
    signal_dbm: int | None
    heard_at: datetime | None
    settings_version: int
    settings: BoardSettings | None
    pinned_release: str
    ring_readings: int | None


UNHEARD = KnownBoard("", "", 0, None, None, 0, None, "", None)
"""A board that has said nothing and is to be told nothing."""
_KNOWN = tuple(col(getattr(Board, name)) for name in KnownBoard._fields)


@dataclass(frozen=True)
class DeviceBoard:
    """A device and its board."""

    device_id: UUID
    site_name: str
    name: str
    external_id: str
    board: KnownBoard

    @property
    def version(self) -> str:
        """Another text after every change of what the board is to be; what it says of itself has no part in it."""
        return version_of(self.device_id, self.board.settings_version, self.board.pinned_release)


async def find_board(session: AsyncSession, device_id: UUID, *, for_change: bool = False) -> KnownBoard:
    """Return what is known of a device's board."""
    found = select(*_KNOWN).where(col(Board.device_id) == device_id)
    row = (await session.execute(found.with_for_update() if for_change else found)).one_or_none()
    return UNHEARD if row is None else KnownBoard(*row)


async def list_boards(session: AsyncSession) -> list[DeviceBoard]:
    """Return the boards of active devices that have ever said what they run, by site and name."""
    found = (
        select(col(Device.id), col(Site.name), col(Device.name), col(Device.external_id), *_KNOWN)
        .join(Site, col(Site.id) == col(Device.site_id))
        .join(Board, col(Board.device_id) == col(Device.id))
        .where(col(Device.is_active))
        .order_by(col(Site.name), col(Device.name), col(Device.external_id))
    )
    return [DeviceBoard(*row[:4], KnownBoard(*row[4:])) for row in await session.execute(found)]


async def silent_boards(
    session: AsyncSession, before: datetime, most: int
) -> list[tuple[UUID, int, dict[str, object] | None]]:
    """Return the boards of active devices that were last heard before an instant and have said what they keep.

    Each with how many readings that is and its settings, the ones that have been silent longest first.
    """
    found = (
        select(col(Board.device_id), col(Board.ring_readings), col(Board.settings))
        .join(Device, col(Device.id) == col(Board.device_id))
        .where(col(Device.is_active), col(Board.heard_at) < before, col(Board.ring_readings).is_not(None))
        .order_by(col(Board.heard_at), col(Board.device_id))
        .limit(most)
    )
    return [(key, readings or 0, settings) for key, readings, settings in await session.execute(found)]


async def note_word(session: AsyncSession, device_id: UUID, word: BoardWord, heard_at: datetime) -> None:
    """Keep what a board said of itself; a device that was just deleted has none."""
    there = (
        select(col(Device.id)).where(col(Device.id) == device_id).with_for_update(read=True, key_share=True)
    )
    if await session.scalar(there) is None:
        return
    said = {**word._asdict(), "heard_at": heard_at}
    new = insert(Board).values(device_id=device_id, **said)
    # A board that does not know its signal this time has not lost it for good, nor its ring.
    kept = said | {
        name: case((new.excluded[name].is_(None), getattr(Board, name)), else_=new.excluded[name])
        for name in ("signal_dbm", "ring_readings")
    }
    await session.execute(new.on_conflict_do_update(index_elements=[col(Board.device_id)], set_=kept))


async def store_settings(
    session: AsyncSession, device_id: UUID, settings: BoardSettings, version: int
) -> None:
    """Keep how a board is to be set up."""
    values = {"settings": settings, "settings_version": version}
    new = insert(Board).values(device_id=device_id, **values)
    await session.execute(new.on_conflict_do_update(index_elements=[col(Board.device_id)], set_=values))


async def pin_release(session: AsyncSession, device_id: UUID, version: str) -> None:
    """Keep which release a board is to run, empty for whichever is rolled out; an earlier failure is forgotten."""
    values = {"pinned_release": version, "failed_release": ""}
    new = insert(Board).values(device_id=device_id, **values)
    await session.execute(new.on_conflict_do_update(index_elements=[col(Board.device_id)], set_=values))
