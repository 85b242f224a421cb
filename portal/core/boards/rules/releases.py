"""Which firmware a board is offered."""

import re
from collections.abc import Iterable
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from portal.core.errors import Invalid
from portal.core.words import noted, say

_FORM = re.compile(r"\d{1,4}\.\d{1,4}\.\d{1,4}", re.ASCII)


class Rollout(NamedTuple):
    """A release, and how many of a hundred boards are offered it."""

    version: str
    percent: int


class Fate(StrEnum):
    """What has become of a release at a board: `APART` is one that it is not to run, or no longer."""

    CONFIRMED = "confirmed"
    OFFERED = "offered"
    FAILED = "failed"
    APART = "apart"


def is_version(text: str) -> bool:
    """Tell whether a text is a version like 1.4.0: no release has any other, and not every text can be asked for."""
    return _FORM.fullmatch(text) is not None


def sound_version(text: str) -> str:
    """Return a version like 1.4.0. Raises `Invalid`."""
    if not is_version(text):
        message = say("{words} is no version of firmware, such as 1.4.0", words=f"{text!r}")
        raise Invalid(message)
    return text


def sound_percent(percent: int) -> int:
    """Return a share of boards. Raises `Invalid`."""
    if not 0 <= percent <= 100:
        message = noted("A roll-out is from 0 to 100 per cent")
        raise Invalid(message)
    return percent


def offered(device_id: UUID, running: str, failed: str, pinned: str, rollouts: Iterable[Rollout]) -> str:
    """Return the release that a board is to fetch, empty where it is to stay as it is.

    That is the one it is pinned to; else the newest that it has drawn, where that is newer than what it runs. One that
    it fell back from is not offered to it again.
    """
    there = {rollout.version: rollout for rollout in rollouts}
    if pinned:
        return pinned if pinned in there and pinned not in {running, failed} else ""
    drawn = [
        rollout.version
        for rollout in there.values()
        if rollout.version != failed and _draw(device_id, rollout.version) < rollout.percent
    ]
    newest = max(drawn, key=_order, default="")
    return newest if newest and _order(newest) > _order(running) else ""


def fate_of(
    version: str, device_id: UUID, running: str, failed: str, pinned: str, rollouts: Iterable[Rollout]
) -> Fate:
    """Return what has become of a release at a board that runs `running` and could not run `failed`.

    What posts has proven itself: a board that says it runs the release has confirmed it. A failed one it refused, since
    the signature was not ours, or it fell back from it.
    """
    if version == running:
        return Fate.CONFIRMED
    if version == failed:
        return Fate.FAILED
    return Fate.OFFERED if offered(device_id, running, failed, pinned, rollouts) == version else Fate.APART


def _draw(device_id: UUID, version: str) -> int:
    """Return a number from 0 to 99 that belongs to a board and a release."""
    return int.from_bytes(sha256(device_id.bytes + version.encode()).digest()[:4], "big") % 100


def _order(version: str) -> tuple[int, ...]:
    # What is no release of ours (a build of somebody's own) is older than all of them.
    return tuple(int(part) for part in version.split(".")) if _FORM.fullmatch(version) else ()
