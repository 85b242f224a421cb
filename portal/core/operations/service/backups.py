"""Backups that are proven: a dump with a note of what it holds, and a restore that holds the copy against the note."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from portal.core import energy
from portal.core.database import dump_tools
from portal.core.database.copies import restoring, scratch_database
from portal.core.database.migrations import migrate
from portal.core.database.rows import fetch_value, is_so, value_of
from portal.core.energy import energy_proof
from portal.core.errors import Conflict, Invalid, Misconfigured, PortalError
from portal.core.log import logger
from portal.core.operations.queries import restore_proofs
from portal.core.operations.queries.contents import Content, contents, server_of
from portal.core.operations.queries.restore_proofs import RestoreProof, RestoreProofs
from portal.core.outages import Outage
from portal.core.readings.queries import wide_rows
from portal.core.stack import close_stack, open_stack

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from portal.core.energy.energy_proof import EnergyProof
    from portal.core.stack import Stack

EVERY = timedelta(hours=24)
_LOOK_SECONDS = 600
_LEADER_KEY = 7_301_302
_NIGHTLY = "nightly-"
_log = logger("backup")
_FOLDER_MODE = 0o700
_OWNER_ONLY = 0o600
_CHUNK = 1 << 20
_NOTE = ".json"


class BackupNote(msgspec.Struct, frozen=True, rename="camel"):
    """What a dump holds, written beside it. Times are UTC; sums are of hashes of rows, in no order."""

    made_at: str
    run_mode: str
    postgresql_major: int
    timescaledb_version: str | None
    bytes: int
    sha256: str
    tables: dict[str, tuple[int, str]]

    @property
    def rows(self) -> int:
        """How many rows it holds altogether."""
        return sum(count for count, _ in self.tables.values())


async def take(stack: Stack, file: Path) -> BackupNote:
    """Dump the stack's database into a file, and write beside it what it holds; the stack goes on meanwhile.

    Both are of one moment. Raises `Conflict` where the file is there, `PortalError` where the dump did not get through.
    """
    unfinished = _begun(file)
    try:
        async with stack.db.snapshot(statement_seconds=0) as session:
            server = await server_of(session)
            snapshot = str(await value_of(session, str, "SELECT pg_export_snapshot()"))
            await dump_tools.dump(stack.db.dsn, unfinished, snapshot=snapshot, server_major=server.major)
            held = await contents(session, stack.layout)
        note = BackupNote(
            made_at=stack.clock().isoformat(timespec="seconds"),
            run_mode=stack.settings.run_mode.value,
            postgresql_major=server.major,
            timescaledb_version=server.timescaledb_version,
            bytes=unfinished.stat().st_size,
            sha256=_digest(unfinished),
            tables={name: (content.row_count, content.row_sum) for name, content in held.items()},
        )
        _note_of(file).write_bytes(msgspec.json.format(msgspec.json.encode(note), indent=1))
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return note


def read_note(file: Path) -> BackupNote:
    """Return what a dump is said to hold. Raises `Invalid` where dump or note is missing or another one."""
    try:
        note = msgspec.json.decode(_note_of(file).read_bytes(), type=BackupNote)
        digest = _digest(file)
    except OSError as error:
        raise Invalid(f"{error.filename} cannot be read: {error.strerror}") from None
    except msgspec.DecodeError:
        raise Invalid(f"{_note_of(file)} is no note of a backup") from None
    if digest != note.sha256:
        raise Invalid(f"{file} is not what its note says: it was changed, or copied in part")
    return note


async def restore(stack: Stack, file: Path) -> EnergyProof:
    """Read a dump into the stack's database, which is empty, and prove that nothing is missing.

    Every table has the rows and the sum that the note says; then the schema is brought up to date, and all energy is
    compared with the registers. Raises `Invalid`, `Conflict` for a database that is not empty, `Misconfigured` for a
    dump of the other run mode, `PortalError` where something is missing.
    """
    note = read_note(file)
    if note.run_mode != stack.settings.run_mode.value:
        raise Misconfigured(f"This is a backup of a stack of RunMode={note.run_mode}.")
    async with stack.db.snapshot() as session:
        server = await server_of(session)
        if await is_so(session, "SELECT to_regnamespace('app') IS NOT NULL"):
            raise Conflict(
                "The database is not empty: restore into a new one, and keep the old one until all is well"
            )
    async with restoring(stack.db, note.timescaledb_version):
        await dump_tools.restore(stack.db.dsn, file, server_major=server.major)
    async with stack.db.snapshot(statement_seconds=0) as session:
        _require_same(note, await contents(session, stack.layout))
    await migrate(stack.db, stack.settings.run_mode)
    await energy.bootstrap(stack)
    # Those of a release before readings lay narrow count as well.
    await wide_rows.begin(stack.db, stack.layout)
    return await energy_proof.check(stack)


async def prove(
    stack: Stack, file: Path, then: Callable[[Stack], Awaitable[object]] | None = None
) -> EnergyProof:
    """Restore a dump into a database beside the stack's own, prove it there, and drop that again.

    With `then` something more is tried on the copy before it goes.
    """
    async with scratch_database(stack.db) as dsn:
        beside = open_stack(stack.settings, dsn, application_name="portal-proof")
        try:
            proof = await restore(beside, file)
            if then is not None:
                await then(beside)
            return proof
        finally:
            await close_stack(beside)


async def nightly(stack: Stack) -> None:
    """Back up, restore beside and prove once a day, for as long as the process runs; of several processes one does it.

    Nothing where no directory is set.
    """
    folder = stack.settings.backup.folder
    outage = Outage(_log, "No backup is taken")
    while folder is not None:
        await asyncio.sleep(_LOOK_SECONDS)
        with outage.noted():
            await prove_if_due(stack, folder)


async def prove_if_due(stack: Stack, folder: Path) -> None:
    """Take a backup and prove it where the last one was taken a day ago, keep what was found, and drop old backups."""
    connection = await stack.db.dedicated()
    try:
        if not await fetch_value(connection, bool, "SELECT pg_try_advisory_lock($1)", _LEADER_KEY):
            return
        last = await restores(stack)
        if last is not None and stack.clock() - last.latest.checked_at < EVERY:
            return
        found = await _taken_and_proven(stack, folder)
        async with stack.db.transaction() as session:
            await restore_proofs.add(session, found)
        if not found.problem:
            _drop_old(folder, stack.clock() - timedelta(days=stack.settings.backup.keep_days), found.file)
    finally:
        await connection.close()


async def restores(stack: Stack) -> RestoreProofs | None:
    """Return what the nightly restores showed last; None before the first."""
    async with stack.db.snapshot() as session:
        return await restore_proofs.found(session)


async def _taken_and_proven(stack: Stack, folder: Path) -> RestoreProof:
    now = stack.clock()
    file = folder / f"{_NIGHTLY}{now:%Y%m%dT%H%M%SZ}.dump"
    try:
        _make_private(folder)
        note = await take(stack, file)
        proof = await prove(stack, file)
    except PortalError as error:
        _log.error("Tonight's backup is not proven", reason=error.message)
        return RestoreProof(now, str(file), problem=error.message)
    off = f"energy differs on {len(proof.differences)} days" if proof.differences else ""
    _log.info("Tonight's backup was restored beside the stack", file=str(file), rows=note.rows, problem=off)
    return RestoreProof(now, str(file), note.bytes, note.rows, proof.meter_count, proof.day_count, off)


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid(f"{folder} cannot be made: {error.strerror}") from None


def _drop_old(folder: Path, before: datetime, newest: str) -> None:
    """Remove nightly backups from before an instant; one that was proven is there."""
    for file in folder.glob(f"{_NIGHTLY}*.dump"):
        if str(file) != newest and datetime.fromtimestamp(file.stat().st_mtime, UTC) < before:
            _note_of(file).unlink(missing_ok=True)
            file.unlink(missing_ok=True)


def _require_same(note: BackupNote, found: dict[str, Content]) -> None:
    wanted = {name: Content(*said) for name, said in note.tables.items()}
    differing = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if differing:
        raise PortalError(f"What was restored is not what was dumped, in {', '.join(differing)}.")


def _begun(file: Path) -> Path:
    """Return an empty file beside, which only its owner reads. Raises `Conflict`, and `Invalid` without a folder."""
    if file.exists():
        raise Conflict(f"{file} is there already: a backup is never written over another")
    begun = file.with_name(f".{file.name}.{uuid4().hex[:8]}")
    try:
        begun.touch(_OWNER_ONLY)
    except OSError as error:
        raise Invalid(f"{file.parent} cannot be written to: {error.strerror}") from None
    return begun


def _note_of(file: Path) -> Path:
    return file.with_name(file.name + _NOTE)


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
