"""Firmware that boards are offered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.boards.rules.releases import Rollout, is_version
from portal.core.boards.tables import BoardRelease
from portal.core.values.versions import version_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class StoredRelease:
    """A release of firmware, and how many of a hundred boards are offered it."""

    version: str
    percent: int
    added_at: datetime
    bundle_bytes: int

    @property
    def mark(self) -> str:
        """Another text after every change of what can be changed of it."""
        return version_of(self.version, self.percent)


_RELEASES = select(
    col(BoardRelease.version),
    col(BoardRelease.percent),
    col(BoardRelease.added_at),
    func.length(col(BoardRelease.bundle)),
)


async def list_releases(session: AsyncSession) -> list[StoredRelease]:
    """Return the releases, the last that was added first."""
    found = _RELEASES.order_by(col(BoardRelease.added_at).desc(), col(BoardRelease.version).desc())
    return [StoredRelease(*row) for row in await session.execute(found)]


async def list_rollouts(session: AsyncSession) -> list[Rollout]:
    """Return what is rolled out to whom."""
    found = select(col(BoardRelease.version), col(BoardRelease.percent))
    return [Rollout(*row) for row in await session.execute(found)]


async def insert_release(session: AsyncSession, version: str, bundle: bytes, percent: int) -> bool:
    """Add a release; tells whether there was none of that version."""
    new = insert(BoardRelease).values(version=version, bundle=bundle, percent=percent)
    added = new.on_conflict_do_nothing().returning(col(BoardRelease.version))
    return await session.scalar(added) is not None


async def find_release(
    session: AsyncSession, version: str, *, for_change: bool = False
) -> StoredRelease | None:
    """Return one release; `for_change` keeps it as it is until the end of the transaction."""
    if not is_version(version):
        return None
    found = _RELEASES.where(col(BoardRelease.version) == version)
    row = (await session.execute(found.with_for_update() if for_change else found)).one_or_none()
    return None if row is None else StoredRelease(*row)


async def set_percent(session: AsyncSession, version: str, percent: int) -> None:
    """Roll a release out to so many of a hundred boards."""
    changed = update(BoardRelease).where(col(BoardRelease.version) == version).values(percent=percent)
    await session.execute(changed)


async def delete_release(session: AsyncSession, version: str) -> bool:
    """Delete a release; tells whether it existed."""
    gone = (
        delete(BoardRelease).where(col(BoardRelease.version) == version).returning(col(BoardRelease.version))
    )
    return await session.scalar(gone) is not None


async def read_bundle(
    session: AsyncSession, version: str, offset: int, most: int
) -> tuple[bytes, int] | None:
    """Return up to `most` bytes of a bundle from `offset` on, and how long it is; None without the release."""
    if not is_version(version):
        return None
    part = func.substring(col(BoardRelease.bundle), offset + 1, most)
    found = select(part, func.length(col(BoardRelease.bundle))).where(col(BoardRelease.version) == version)
    row = (await session.execute(found)).one_or_none()
    return None if row is None else (bytes(row[0]), row[1])
