"""The boards beside the meters and their firmware, as texts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypedDict

from portal.core.boards.service.boards import DeviceBoard, KnownBoard
from portal.core.boards.service.rollouts import BoardProgress, ReleaseProgress, Rollouts
from portal.ui import formats

# Where a modem still gets through, and where a post is lost now and then (dBm).
_WEAK_DBM: Final = -100
_NEVER: Final = "never"


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
        ("Firmware", board.running or formats.MISSING),
        ("Signal", _signal(board)),
        (
            "Last heard",
            heard if board.heard_at is None else f"{heard}, {formats.relative(board.heard_at, now)}",
        ),
        ("Settings", _settings(board)),
    ]
    if board.pinned_release:
        facts.append(("Is to run", board.pinned_release))
    return BoardPart(True, facts, _trouble(board), _waiting(board))


def _trouble(board: KnownBoard) -> str:
    if not board.failed_release or board.failed_release == board.running:
        return ""
    return f"It could not run {board.failed_release}: it refused it or fell back, and goes on with {board.running}."


def _waiting(board: KnownBoard) -> str:
    return "The changed settings wait for its next post." if _has_waiting(board) else ""


def _has_waiting(board: KnownBoard) -> bool:
    return board.settings_version > 0 and board.settings_version != board.applied_version


def _settings(board: KnownBoard) -> str:
    if not board.settings_version:
        return "As it was made"
    taken = "wait for it" if _has_waiting(board) else "taken over"
    return f"Version {board.settings_version}, {taken}"


def _signal(board: KnownBoard) -> str:
    return formats.MISSING if board.signal_dbm is None else f"{board.signal_dbm} dBm"


def _summary(found: Rollouts) -> str:
    parts = [formats.count(len(found.boards), "board")]
    failed = sum(bool(_trouble(each.device.board)) for each in found.boards)
    waiting = sum(_has_waiting(each.device.board) for each in found.boards)
    parts += [f"{failed} could not run a release"] if failed else []
    parts += [f"{waiting} with settings that wait"] if waiting else []
    return ", ".join(parts)


def _release(found: ReleaseProgress, zone: str) -> ReleaseLine:
    release = found.release
    return {
        "version": release.version,
        "share": "nobody" if not release.percent else f"{release.percent} %",
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
        "heard": _NEVER if board.heard_at is None else formats.relative(board.heard_at, now),
        "heard_utc": formats.utc_time(board.heard_at) if board.heard_at else "",
    }


def _release_words(board: KnownBoard, offered: str) -> tuple[str, str]:
    """Return what is to be said of a board's firmware, the worst first, and its tone."""
    if _trouble(board):
        return f"Fell back from {board.failed_release}", "fail"
    if offered:
        return f"{offered} is offered", "neutral"
    if board.pinned_release:
        return f"Stays at {board.pinned_release}", "neutral"
    return "", ""


def choices_of(releases: Iterable[ReleaseProgress]) -> list[tuple[str, str]]:
    """Return the releases that a board can be told to run, as choices."""
    return [(each.release.version, each.release.version) for each in releases]
