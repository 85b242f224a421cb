"""`portal customer export`, `decommission` and `leaving`: customers that leave (Admin)."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from portal.commands.output import AsJson, answer
from portal.commands.session import with_stack
from portal.core.errors import Conflict, Invalid
from portal.core.fleet.service import customer_export, customers, decommission
from portal.core.fleet.service.decommission import LeavingCustomer
from portal.core.settings import RunMode
from portal.core.stack import Stack
from portal.core.values.time import iso_utc


def export(code: str, file: Path, as_json: AsJson = False) -> None:
    """Write everything that is kept of a customer into a ZIP archive: CSV and JSON lines, with checksums."""

    async def write(stack: Stack) -> int:
        customer_id = await customers.find_customer_id(stack, code)
        archive = await customer_export.export_customer(stack, customer_id)
        part, size = file.with_name(f"{file.name}.part"), 0
        try:
            # Nobody else is to read it.
            with os.fdopen(_private(part), "wb") as out:
                async for piece in archive.parts:
                    size += out.write(piece)
            part.rename(file)
        finally:
            part.unlink(missing_ok=True)
        return size

    if file.exists():
        raise Invalid(f"{file} is there already")
    size = with_stack(write, mode=RunMode.ADMIN)
    answer({"id": code, "file": str(file), "bytes": size}, f"{file}: {size} bytes", as_json=as_json)


def _private(path: Path) -> int:
    """Make a file that nobody else may read, and that is not there yet."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def decommission_customer(
    code: str,
    confirm: Annotated[str, typer.Option(help="The code again; asked for where it is left out.")] = "",
    without_export: Annotated[
        bool, typer.Option("--without-export", help="Delete though not everything was exported.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Refuse a customer's tokens for good and delete everything that is kept of it. Goes on where it was killed."""
    typed = confirm or typer.prompt(f"All of {code} is deleted for ever. Type its code")

    async def leave(stack: Stack) -> LeavingCustomer:
        customer_id = await customers.find_customer_id(stack, code)
        begun = await decommission.find_leaving(stack, customer_id)
        if begun is None:
            begun = await decommission.begin(stack, customer_id, typed, without_export=without_export)
        elif typed.strip().lower() != code.lower():
            raise Conflict("The code does not belong to this customer")
        return await decommission.finish(stack, begun.id, None if as_json else _say)

    state = with_stack(leave, mode=RunMode.ADMIN)
    answer(state, _words(state), as_json=as_json)


def _say(state: LeavingCustomer) -> None:
    sys.stderr.write(f"{state.rows_deleted} rows deleted, {state.relations_to_shrink} tables to shrink\n")


def list_leaving(as_json: AsJson = False) -> None:
    """List customers that leave or have left, by their numbers."""
    found = with_stack(decommission.list_leaving, mode=RunMode.ADMIN)
    lines = [*map(_words, found)] or ["Nobody has left."]
    answer({"decommissions": found}, "\n".join(lines), as_json=as_json)


def _words(state: LeavingCustomer) -> str:
    if state.deleted_at is None:
        return f"Customer {state.number} is being deleted: {state.rows_deleted} rows so far"
    left = f"Customer {state.number} left on {iso_utc(state.deleted_at)}: {state.rows_deleted} rows deleted"
    if state.finished_at is None:
        return f"{left}; {state.relations_to_shrink} tables still have to give back their space"
    return left
