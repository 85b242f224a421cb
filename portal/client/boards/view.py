"""The boards beside the meters and their firmware, as texts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypedDict

from portal.core.boards.service.boards import DeviceBoard, KnownBoard
from portal.core.boards.service.rollouts import BoardProgress, ReleaseProgress, Rollouts
from portal.core.languages import tr
from portal.ui import formats

# Where a modem still gets through, and where a post is lost now and then (dBm).
_WEAK_DBM: Final = -100


class ReleaseLine(TypedDict):
    """A release in the list; `failed` is empty where no board failed."""

    version: str
    share: str
    percent: str
    mark: str
    confirmed: str
    offered: str
    failed: str
    added: str
    size: str


class BoardLine(TypedDict):
    """A board in the list. `tone` is that of `release`, what is to be said of its firmware, empty for nothing."""

    id: str
    name: str
    site: str
    running: str
    release: str
    tone: str
    settings: str
    settings_tone: str
    signal: str
    signal_tone: str
    heard: str
    heard_utc: str


@dataclass(frozen=True)
class BoardsView:
    """What the page lists."""

    summary: str = ""
    releases: list[ReleaseLine] = field(default_factory=list)
    boards: list[BoardLine] = field(default_factory=list)


@dataclass(frozen=True)
class BoardPart:
    """The board of one meter: facts, and what has to be looked at. `is_known` once it has said anything."""

    is_known: bool = False
    facts: list[tuple[str, str]] = field(default_factory=list)
    trouble: str = ""
    waits: str = ""


def build_boards(found: Rollouts, zone: str, now: datetime) -> BoardsView:
    """Return what the page lists; `now` is aware."""
    return BoardsView(
        _summary(found),
        [_release(each, zone) for each in found.releases],
        [_board(each, now) for each in found.boards],
    )


def build_part(found: DeviceBoard, zone: str, now: datetime) -> BoardPart:
    """Return what the panel of a meter says of its board; `now` is aware."""
    board = found.board
    if board.heard_at is None and not board.settings_version and not board.pinned_release:
        return BoardPart()
    heard = formats.near_time(board.heard_at, zone)
    facts = [
        (tr("Firmware"), board.running or formats.MISSING),
        (tr("Signal"), _signal(board)),
        (
            tr("Last heard"),
            heard if board.heard_at is None else f"{heard}, {formats.relative(board.heard_at, now)}",
        ),
        (tr("Settings"), _settings(board)),
    ]
    if board.pinned_release:
        facts.append((tr("Is to run"), board.pinned_release))
    return BoardPart(True, facts, _trouble(board), _waiting(board))


def _trouble(board: KnownBoard) -> str:
    if not board.failed_release or board.failed_release == board.running:
        return ""
    return tr(
        "It could not run {failed_release}: it refused it or fell back, and goes on with {running}.",
        failed_release=board.failed_release,
        running=board.running,
    )


def _waiting(board: KnownBoard) -> str:
    return tr("The changed settings wait for its next post.") if _has_waiting(board) else ""


def _has_waiting(board: KnownBoard) -> bool:
    return board.settings_version > 0 and board.settings_version != board.applied_version


def _settings(board: KnownBoard) -> str:
    if not board.settings_version:
        return tr("As it was made")
    taken = tr("wait for it") if _has_waiting(board) else tr("taken over")
    return tr("Version {settings_version}, {taken}", settings_version=board.settings_version, taken=taken)


def _signal(board: KnownBoard) -> str:
    return (
        formats.MISSING if board.signal_dbm is None else tr("{signal_dbm} dBm", signal_dbm=board.signal_dbm)
    )


def _summary(found: Rollouts) -> str:
    parts = [formats.counted(len(found.boards), "{count} board", "{count} boards")]
    failed = sum(bool(_trouble(each.device.board)) for each in found.boards)
    waiting = sum(_has_waiting(each.device.board) for each in found.boards)
    parts += [tr("{failed} could not run a release", failed=failed)] if failed else []
    parts += [tr("{waiting} with settings that wait", waiting=waiting)] if waiting else []
    return ", ".join(parts)


def _release(found: ReleaseProgress, zone: str) -> ReleaseLine:
    release = found.release
    return {
        "version": release.version,
        "share": tr("nobody") if not release.percent else f"{release.percent} %",
        "percent": str(release.percent),
        "mark": release.mark,
        "confirmed": str(found.confirmed),
        "offered": str(found.offered),
        "failed": str(found.failed) if found.failed else "",
        "added": formats.local_date(release.added_at, zone),
        "size": f"{release.bundle_bytes / 1024:.0f} KiB",
    }


def _board(found: BoardProgress, now: datetime) -> BoardLine:
    device, board = found.device, found.device.board
    release, tone = _release_words(board, found.offered)
    is_weak = board.signal_dbm is not None and board.signal_dbm <= _WEAK_DBM
    return {
        "id": str(device.device_id),
        "name": device.name,
        "site": device.site_name,
        "running": board.running or formats.MISSING,
        "release": release,
        "tone": tone,
        "settings": _settings(board),
        "settings_tone": "warn" if _has_waiting(board) else "",
        "signal": _signal(board),
        "signal_tone": "warn" if is_weak else "",
        "heard": tr("never") if board.heard_at is None else formats.relative(board.heard_at, now),
        "heard_utc": formats.utc_time(board.heard_at) if board.heard_at else "",
    }


def _release_words(board: KnownBoard, offered: str) -> tuple[str, str]:
    """Return what is to be said of a board's firmware, the worst first, and its tone."""
    if _trouble(board):
        return tr("Fell back from {failed_release}", failed_release=board.failed_release), "fail"
    if offered:
        return tr("{offered} is offered", offered=offered), "neutral"
    if board.pinned_release:
        return tr("Stays at {pinned_release}", pinned_release=board.pinned_release), "neutral"
    return "", ""


def choices_of(releases: Iterable[ReleaseProgress]) -> list[tuple[str, str]]:
    """Return the releases that a board can be told to run, as choices."""
    return [(each.release.version, each.release.version) for each in releases]
