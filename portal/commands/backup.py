"""`portal backup` and `portal restore`."""

from pathlib import Path
from typing import Annotated

import typer

from portal.commands.energy import words_of
from portal.commands.output import AsJson, answer
from portal.commands.session import with_new_database, with_stack
from portal.core.energy.energy_proof import EnergyProof
from portal.core.operations.service import backups
from portal.core.operations.service.backups import BackupNote
from portal.core.stack import Stack


def take_backup(
    file: Path,
    prove: Annotated[
        bool, typer.Option("--prove", help="Restore it into a database beside, compare, and drop that again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Dump the stack's database into FILE, and what it holds into FILE.json; the stack may run."""

    async def work(stack: Stack) -> tuple[BackupNote, EnergyProof | None]:
        note = await backups.take(stack, file)
        return note, await backups.prove(stack, file) if prove else None

    note, proof = with_stack(work)
    made = {"id": str(file), "bytes": note.bytes, "rows": note.rows, "sha256": note.sha256, "proof": proof}
    words = f"{file}: {note.rows} rows in {len(note.tables)} tables, {note.bytes / 1e6:.1f} MB."
    answer(made, words if proof is None else f"{words}\nRestored beside: {words_of(proof)}", as_json=as_json)
    if proof is not None and proof.differences:
        raise typer.Exit(1)


def restore_backup(file: Path, as_json: AsJson = False) -> None:
    """Read FILE into the stack's database, which must be empty, and prove that nothing is missing."""
    proof = with_new_database(lambda stack: backups.restore(stack, file))
    answer({"id": str(file), "proof": proof}, f"Restored {file}. {words_of(proof)}", as_json=as_json)
    if proof.differences:
        raise typer.Exit(1)
