"""`portal board` and `portal release`: the boards beside the meters, and their firmware (Client)."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from portal.commands.output import AsJson, answer
from portal.commands.session import with_stack
from portal.core.boards.rules.board_settings import BoardSettings
from portal.core.boards.service import boards, claims, releases, rollouts
from portal.core.boards.service.boards import DeviceBoard
from portal.core.boards.service.rollouts import ReleaseProgress
from portal.core.errors import Invalid
from portal.core.readings.rules.quantities import QUANTITY_BY_WIRE_NAME
from portal.core.settings import RunMode
from portal.core.values.time import iso_utc

board_verbs = typer.Typer(help="The boards beside the meters (Client).", no_args_is_help=True)
release_verbs = typer.Typer(help="Firmware that boards are offered (Client).", no_args_is_help=True)


@board_verbs.command("list")
def list_boards(as_json: AsJson = False) -> None:
    """List the boards that have said what they run, by site and name."""
    found = with_stack(boards.list_boards, mode=RunMode.CLIENT)
    words = "\n".join(map(_in_words, found)) or "No board has said yet what it runs."
    answer({"boards": found}, words, as_json=as_json)


@board_verbs.command("claim")
def claim_board(
    device: Annotated[str, typer.Argument(help="External id of the device.")],
    code: Annotated[str, typer.Option(help="The code that the board shows.")],
    as_json: AsJson = False,
) -> None:
    """Give the board that shows a code to a device; it collects the device's token itself."""
    made = with_stack(lambda stack: claims.claim_board(stack, device, code), mode=RunMode.CLIENT)
    words = (
        f"The board {made.code} may collect the token of {made.external_id} until {iso_utc(made.expires_at)}."
    )
    answer({"id": made.external_id, "code": made.code, "expires_at": made.expires_at}, words, as_json=as_json)


@board_verbs.command("set")
def set_board(
    device: Annotated[str, typer.Argument(help="External id of the device.")],
    period: Annotated[int | None, typer.Option(help="Seconds between readings.")] = None,
    every: Annotated[int | None, typer.Option(help="Seconds between posts.")] = None,
    quantities: Annotated[
        str | None, typer.Option(help="What is sent: names with commas between them, or all.")
    ] = None,
    meter_address: Annotated[int | None, typer.Option(help="The meter's address on the line.")] = None,
    as_json: AsJson = False,
) -> None:
    """Set a board up anew: what is not given is as the board was made. It takes this over after its next post."""
    given: dict[str, object] = {
        name: value
        for name, value in (
            ("periodSeconds", period),
            ("everySeconds", every),
            ("quantities", None if quantities is None else _names_in(quantities)),
            ("meterAddress", meter_address),
        )
        if value is not None
    }
    changed = with_stack(lambda stack: boards.change_settings(stack, device, given), mode=RunMode.CLIENT)
    words = f"Settings {changed.board.settings_version} wait for the board of {changed.external_id}."
    answer(_result(changed), words, as_json=as_json)


@board_verbs.command("pin")
def pin_board(
    device: Annotated[str, typer.Argument(help="External id of the device.")],
    version: Annotated[str, typer.Argument(help="The release; empty for whichever is rolled out.")] = "",
    as_json: AsJson = False,
) -> None:
    """Have a board run one release, or whichever is rolled out to it."""
    changed = with_stack(lambda stack: boards.pin_release(stack, device, version), mode=RunMode.CLIENT)
    words = f"The board of {changed.external_id} is to run {version or 'what is rolled out to it'}."
    answer(_result(changed), words, as_json=as_json)


@release_verbs.command("list")
def list_releases(as_json: AsJson = False) -> None:
    """List the releases of firmware, the last that was added first."""
    found = with_stack(rollouts.rollouts_now, mode=RunMode.CLIENT).releases
    words = "\n".join(map(_release_in_words, found)) or "No release here."
    answer({"releases": [_release_result(each) for each in found]}, words, as_json=as_json)


@release_verbs.command("add")
def add_release(
    file: Path,
    percent: Annotated[int, typer.Option(help="How many of a hundred boards are offered it.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Add a signed bundle of firmware."""
    try:
        bundle = file.read_bytes()
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}"
        raise Invalid(message) from None
    version = with_stack(lambda stack: releases.add_release(stack, bundle, percent), mode=RunMode.CLIENT)
    words = f"Added release {version}, offered to {percent} % of the boards."
    answer({"id": version, "version": version, "percent": percent}, words, as_json=as_json)


@release_verbs.command("roll-out")
def roll_out(
    version: str,
    percent: Annotated[int, typer.Option(help="How many of a hundred boards are offered it.")],
    as_json: AsJson = False,
) -> None:
    """Offer a release to more boards, or to fewer."""
    with_stack(lambda stack: releases.roll_out(stack, version, percent), mode=RunMode.CLIENT)
    words = f"Release {version} is offered to {percent} % of the boards."
    answer({"id": version, "version": version, "percent": percent}, words, as_json=as_json)


@release_verbs.command("remove")
def remove_release(version: str, as_json: AsJson = False) -> None:
    """Delete a release; boards that run it go on."""
    with_stack(lambda stack: releases.remove_release(stack, version), mode=RunMode.CLIENT)
    answer({"id": version, "removed": True}, f"Release {version} is gone.", as_json=as_json)


def _names_in(text: str) -> list[str]:
    return list(QUANTITY_BY_WIRE_NAME) if text == "all" else [each.strip() for each in text.split(",")]


def _result(found: DeviceBoard) -> dict[str, object]:
    board, settings = found.board, found.board.settings or BoardSettings()
    return {"id": found.device_id, "external_id": found.external_id, **board._asdict(), "settings": settings}


def _in_words(found: DeviceBoard) -> str:
    board = found.board
    waits = board.settings_version != board.applied_version and board.settings_version > 0
    heard = "never heard" if board.heard_at is None else f"heard {iso_utc(board.heard_at)}"
    signal = "" if board.signal_dbm is None else f", {board.signal_dbm} dBm"
    failed = f", fell back from {board.failed_release}" if board.failed_release else ""
    return (
        f"{found.external_id} ({found.site_name}, {found.name}): {board.running or 'unknown'}, {heard}{signal}{failed}"
        f"{', settings wait' if waits else ''}"
    )


def _release_result(found: ReleaseProgress) -> dict[str, object]:
    counts = {f"{name}_boards": getattr(found, name) for name in ("confirmed", "offered", "failed")}
    return {**asdict(found.release), **counts}


def _release_in_words(found: ReleaseProgress) -> str:
    release = found.release
    return (
        f"{release.version}: {release.percent} % of the boards, {release.bundle_bytes} bytes, "
        f"added {iso_utc(release.added_at)}; {found.confirmed} run it, {found.offered} are offered it, "
        f"{found.failed} could not run it"
    )
