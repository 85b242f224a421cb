"""Everything that is kept of a customer, handed out in formats that need no product of ours."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from portal.core.access import limited_person
from portal.core.audit import queries as audit
from portal.core.errors import NotFound, Refused, Throttled
from portal.core.fleet.queries import customer_export as queries
from portal.core.fleet.queries.customer_export import LastExport
from portal.core.fleet.rules.zip_stream import ZipStream
from portal.core.values.time import iso_utc
from portal.core.words import say

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from portal.core.fleet.queries.customer_export import ExportedCustomer
    from portal.core.stack import Stack

__all__ = ["LastExport"]

_AT_ONCE = 2
_PIECES_AHEAD = 4
_MANIFEST = "manifest.json"
_README = """This archive holds everything that is kept of {code}.

customer.jsonl           the customer itself, without its token
sites.jsonl, devices.jsonl, municipalities.jsonl, tariffs.jsonl ...
                         one JSON object a line, as the tables are described in docs/data-model.md
readings/DEVICE.csv      all readings of a device, by its id in devices.jsonl; times are UTC, units are in the names
reading_conflicts.csv    values that came for an instant beside the one that is kept
hourly_energy.csv        energy by hour (UTC) and device, in whole milliwatt-hours
daily_energy.csv         the same by UTC day
ingest_events.jsonl      batches that were pushed
audit.jsonl              what operators did with the customer
manifest.json            every file with its rows, its length and its SHA-256
SHA256SUMS               the same for `sha256sum --check SHA256SUMS`
"""
_running = asyncio.Semaphore(_AT_ONCE)


@dataclass(frozen=True)
class CustomerArchive:
    """A ZIP archive that is made while it is read."""

    name: str
    parts: AsyncGenerator[bytes, None]


async def export_customer(stack: Stack, customer_id: UUID) -> CustomerArchive:
    """Return everything of a customer as an archive; that it was handed out is noted once it was read to its end.

    Each file is of one moment. Raises `NotFound`, `Throttled` while two are under way, and `Refused` on behalf of an
    operator who is limited to some customers.
    """
    if limited_person() is not None:
        raise Refused("Only who sees every customer may take one's data out as a whole.")
    if _running.locked():
        raise Throttled(
            say("{at_once} exports are under way: try again when one has ended", at_once=_AT_ONCE), 60
        )
    async with stack.db.snapshot() as session:
        found = await queries.files_of(session, customer_id)
    if found is None:
        raise NotFound("There is no such customer")
    await _write_down(stack, found.code)
    date = stack.clock().strftime("%Y-%m-%d")
    return CustomerArchive(f"{found.code.lower()}-{date}.zip", _parts(stack, customer_id, found))


async def last_export(stack: Stack, customer_id: UUID) -> LastExport | None:
    """Return when everything of a customer was last handed out whole."""
    async with stack.db.snapshot() as session:
        return await queries.last_export(session, customer_id)


async def _write_down(stack: Stack, code: str) -> None:
    async with stack.db.transaction() as session:
        await audit.record(session, "customer.exported", code)


async def _parts(stack: Stack, customer_id: UUID, found: ExportedCustomer) -> AsyncGenerator[bytes, None]:
    """Yield the archive as the files are read, no faster than it is taken."""
    began_at = stack.clock()
    archive, pieces = ZipStream(began_at), asyncio.Queue[bytes](_PIECES_AHEAD)
    async with _running:
        reading = asyncio.create_task(_read(stack, found, archive, pieces.put))
        try:
            while not (reading.done() and pieces.empty()):
                if (piece := await _next_of(pieces, reading)) is not None:
                    yield piece
            await reading
            sha256 = _close(archive, found.code, began_at, stack.clock())
            await _note(stack, customer_id, archive, sha256)
            yield archive.taken(whole=True)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def _next_of(pieces: asyncio.Queue[bytes], reading: asyncio.Task[None]) -> bytes | None:
    """Return the next piece; None where none comes before the reading ends."""
    if not pieces.empty():
        return pieces.get_nowait()
    coming = asyncio.create_task(pieces.get())
    await asyncio.wait({coming, reading}, return_when=asyncio.FIRST_COMPLETED)
    if coming.done():
        return coming.result()
    coming.cancel()
    return None


async def _read(
    stack: Stack, found: ExportedCustomer, archive: ZipStream, put: Callable[[bytes], Awaitable[None]]
) -> None:
    """Pack all files, over a connection of its own: it is held for as long as somebody downloads."""
    connection: asyncpg.Connection = await stack.db.dedicated(
        application_name="portal-export", timezone="UTC"
    )

    async def take(part: bytes) -> None:
        archive.write(part)
        if packed := archive.taken():
            await put(packed)

    try:
        for file in found.files:
            archive.begin(file.name)
            archive.end(await queries.copy_out(connection, file, take))
    finally:
        await connection.close()


def _close(archive: ZipStream, code: str, began_at: datetime, ended_at: datetime) -> str:
    """Add what the files are and how they are checked, and end the archive; returns the manifest's SHA-256."""
    manifest = {
        "customer": code,
        "beganAt": iso_utc(began_at),
        "endedAt": iso_utc(ended_at),
        "files": [
            {"name": each.name, "rows": each.rows, "sizeBytes": each.size_bytes, "sha256": each.sha256}
            for each in archive.files
        ],
    }
    sums = "".join(f"{each.sha256}  {each.name}\n" for each in archive.files)
    for name, content in (
        ("README.txt", _README.format(code=code).encode()),
        ("SHA256SUMS", sums.encode()),
        (_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2)),
    ):
        archive.begin(name)
        archive.write(content)
        archive.end(content.count(b"\n"))
    archive.close()
    return archive.files[-1].sha256


async def _note(stack: Stack, customer_id: UUID, archive: ZipStream, sha256: str) -> None:
    async with stack.db.transaction() as session:
        if await queries.is_known(session, customer_id):
            rows = sum(each.rows for each in archive.files)
            await queries.note_export(session, customer_id, len(archive.files), rows, sha256)
