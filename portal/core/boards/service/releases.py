"""Firmware for boards: added, rolled out by and by, withdrawn, and handed out in parts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from portal.core.audit import queries as audit
from portal.core.boards.queries import releases as queries
from portal.core.boards.queries.releases import StoredRelease
from portal.core.boards.rules.releases import sound_percent, sound_version
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.values.versions import require_version
from portal.core.words import noted, say

if TYPE_CHECKING:
    from collections.abc import Collection

    from portal.core.database.db import AsyncSession
    from portal.core.stack import Stack

__all__ = ["StoredRelease"]

MOST_BUNDLE_BYTES = 1 << 20
PART_BYTES = 4096
_MAGIC = b"nfw1"
_NO_RELEASE = noted("There is no such release of firmware")


class BundlePart(NamedTuple):
    """Some bytes of a bundle, and how many the whole has."""

    data: bytes
    whole_bytes: int


async def add_release(stack: Stack, bundle: bytes, percent: int = 0) -> str:
    """Add a signed bundle, offered to so many of a hundred boards; returns its version, which stands in it.

    Boards check the signature; here nobody has their key's other half. Raises `Invalid`, `Conflict` for a version
    that is there.
    """
    version, percent = _version_in(bundle), sound_percent(percent)
    async with stack.db.transaction() as session:
        if not await queries.insert_release(session, version, bundle, percent):
            message = say("There is a release {version} already", version=version)
            raise Conflict(message)
        await audit.record(session, "release.added", version, f"offered to: {percent} %")
    return version


async def get_release(stack: Stack, version: str) -> StoredRelease:
    """Return one release. Raises `NotFound`."""
    async with stack.db.snapshot() as session:
        found = await queries.find_release(session, version)
    if found is None:
        raise NotFound(_NO_RELEASE)
    return found


async def roll_out(
    stack: Stack, version: str, percent: int, *, expected: Collection[str] | None = None
) -> StoredRelease:
    """Offer a release to so many of a hundred boards from now on.

    `expected` are the marks of the release that this is meant for, None for any. Raises `NotFound`, `Outdated`,
    `Invalid`.
    """
    sound_percent(percent)
    async with stack.db.transaction() as session:
        before = await _lock(session, version, expected)
        if before.percent != percent:
            await queries.set_percent(session, version, percent)
            words = f"offered to: {before.percent} % → {percent} %"
            await audit.record(session, "release.rolled_out", version, words)
    return replace(before, percent=percent)


async def remove_release(stack: Stack, version: str, *, expected: Collection[str] | None = None) -> None:
    """Delete a release; boards that run it go on. `expected` as for `roll_out`. Raises `NotFound`, `Outdated`."""
    async with stack.db.transaction() as session:
        await _lock(session, version, expected)
        await queries.delete_release(session, version)
        await audit.record(session, "release.removed", version)


async def _lock(session: AsyncSession, version: str, expected: Collection[str] | None) -> StoredRelease:
    found = await queries.find_release(session, version, for_change=True)
    if found is None:
        raise NotFound(_NO_RELEASE)
    require_version(found.mark, expected)
    return found


async def part_of(stack: Stack, version: str, offset: int) -> BundlePart:
    """Return the bytes of a bundle from `offset` on, a few thousand at most. Raises `NotFound`."""
    async with stack.db.snapshot() as session:
        found = await queries.read_bundle(session, version, offset, PART_BYTES)
    if found is None:
        raise NotFound(_NO_RELEASE)
    return BundlePart(*found)


def _version_in(bundle: bytes) -> str:
    if not bundle.startswith(_MAGIC) or len(bundle) > MOST_BUNDLE_BYTES:
        message = noted("This is no bundle of firmware")
        raise Invalid(message)
    length = bundle[len(_MAGIC)]
    return sound_version(bundle[len(_MAGIC) + 1 :][:length].decode("ascii", "replace"))
