"""`portal upgrade`: a database of any earlier release is brought to this one, or left as it was."""

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from portal.commands.energy import words_of
from portal.commands.output import AsJson, answer
from portal.commands.serving import prepare_to_serve
from portal.commands.session import with_new_database
from portal.core.energy.energy_proof import EnergyProof
from portal.core.errors import PortalError
from portal.core.operations.service import backups, upgrades
from portal.core.operations.service.upgrades import SchemaFound
from portal.core.readings.service import wide_readings
from portal.core.stack import Stack

_FOLDER = "backups"


@dataclass(frozen=True)
class StackUpgraded:
    """What an upgrade answers; `id` is the run mode, as for `portal migrate`. `backup`: None where none was needed."""

    id: str
    release: str
    earlier_release: str | None
    is_changed: bool
    backup: str | None = None
    proof: EnergyProof | None = None
    seconds: float = 0


def upgrade_stack(
    folder: Annotated[
        Path | None,
        typer.Option(help="Where the backup goes; else Backup__Directory, or `backups` of the data."),
    ] = None,
    only_try: Annotated[
        bool, typer.Option("--try", help="Back up and try it on a copy, and change nothing else.")
    ] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for a database that is starting.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Bring the database to this release: check, back up, try on a copy, change; taken back when something fails."""
    done = with_new_database(lambda stack: upgrade(stack, folder, only_try=only_try), wait_seconds=wait)
    answer(done, _words(done), as_json=as_json)


async def upgrade(stack: Stack, folder: Path | None = None, *, only_try: bool = False) -> StackUpgraded:
    """Do what `portal upgrade` does to a stack's database. Raises `PortalError`, with nothing changed."""
    mode, version = stack.settings.run_mode.value, metadata.version("energy-portal")
    async with upgrades.alone(stack):
        found = await upgrades.look(stack)
        if found.is_new or found.is_current:
            is_new = found.is_new and not only_try
            if is_new:
                await upgrades.begin(stack, prepare_to_serve)
            return StackUpgraded(mode, version, found.release, is_changed=is_new)
        settings = stack.settings
        into = folder or settings.backup.folder or settings.storage.data_directory / _FOLDER
        await upgrades.check(stack, into)
        file = into / f"before-{version}-{stack.clock():%Y%m%dT%H%M%SZ}.dump"
        proof = await _tried(stack, found, file)
        done = StackUpgraded(mode, version, found.release, not only_try, str(file), proof)
        if only_try:
            return done
        _tell("Changing the schema")
        seconds = await upgrades.bring(stack, found, version, prepare_to_serve)
        return StackUpgraded(
            mode, version, found.release, is_changed=True, backup=str(file), proof=proof, seconds=seconds
        )


async def _tried(stack: Stack, found: SchemaFound, file: Path) -> EnergyProof:
    """Take a backup, and go the whole way there and back on a copy that is made of it. Raises `PortalError`."""

    async def whole_way(copy: Stack) -> None:
        await wide_readings.move_wide_readings(copy)
        await prepare_to_serve(copy)
        await upgrades.try_way_back(copy, found)

    _tell(f"Backing up what release {found.release or 'unknown'} left into {file}")
    await backups.take(stack, file)
    _tell("Trying the upgrade on a copy, and the way back")
    proof = await backups.prove(stack, file, whole_way)
    if proof.differences:
        raise PortalError(
            f"On the copy energy is not what the registers say, so nothing was changed. {words_of(proof)}"
        )
    return proof


def _tell(words: str) -> None:
    typer.echo(f"{words} ...", err=True)


def _words(done: StackUpgraded) -> str:
    if done.backup is None:
        state = "is new and has" if done.is_changed else "has"
        return f"The database {state} the schema of release {done.release}."
    tried = f"Tried on a copy: {words_of(done.proof)}" if done.proof else ""
    lines = [f"The backup is {done.backup}.", tried]
    if done.is_changed:
        lines.append(
            f"Upgraded from {done.earlier_release or 'an unknown release'} to {done.release} in {done.seconds:.1f} s."
        )
        lines.append("Start the processes of this release now, in place of the earlier ones.")
    else:
        lines.append("Nothing was changed.")
    return "\n".join(lines)
