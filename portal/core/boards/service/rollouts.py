"""How far releases of firmware have come: which boards run them, are offered them, or could not run them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.core.boards.queries import boards as queries
from portal.core.boards.queries import releases
from portal.core.boards.rules.releases import Fate, fate_of, offered

if TYPE_CHECKING:
    from portal.core.boards.queries.boards import DeviceBoard
    from portal.core.boards.queries.releases import StoredRelease
    from portal.core.stack import Stack

__all__ = ["Fate"]


@dataclass(frozen=True)
class ReleaseProgress:
    """A release, and at how many boards what became of it. Only boards that have been heard of count."""

    release: StoredRelease
    confirmed: int
    offered: int
    failed: int


@dataclass(frozen=True)
class BoardProgress:
    """A board, and the release that it is offered with its next post, empty for none."""

    device: DeviceBoard
    offered: str


@dataclass(frozen=True)
class Rollouts:
    """The releases, the last that was added first, and the boards of active devices by site and name."""

    releases: tuple[ReleaseProgress, ...]
    boards: tuple[BoardProgress, ...]


async def rollouts_now(stack: Stack) -> Rollouts:
    """Return how far every release has come, as of one moment."""
    async with stack.db.snapshot() as session:
        found = await releases.list_releases(session)
        rollouts = await releases.list_rollouts(session)
        boards = await queries.list_boards(session)
    heard = [each for each in boards if each.board.heard_at is not None]

    def progress(release: StoredRelease) -> ReleaseProgress:
        fates = Counter(
            fate_of(
                release.version,
                each.device_id,
                each.board.running,
                each.board.failed_release,
                each.board.pinned_release,
                rollouts,
            )
            for each in heard
        )
        return ReleaseProgress(release, fates[Fate.CONFIRMED], fates[Fate.OFFERED], fates[Fate.FAILED])

    def of(each: DeviceBoard) -> BoardProgress:
        board = each.board
        waits = offered(each.device_id, board.running, board.failed_release, board.pinned_release, rollouts)
        return BoardProgress(each, waits)

    return Rollouts(tuple(map(progress, found)), tuple(map(of, boards)))


async def failed_updates(stack: Stack) -> int:
    """Return how many boards could not run a release that they are still to run. Raises as the database does."""
    found = await rollouts_now(stack)
    rolled_out = {each.release.version for each in found.releases if each.release.percent}
    boards = [each.device.board for each in found.boards]
    return sum(
        bool(board.failed_release) and board.failed_release in {board.pinned_release, *rolled_out}
        for board in boards
    )
