"""The `portal` command."""

import sys
from importlib import metadata
from typing import Annotated

import typer

from portal.commands import (
    alerts,
    backup,
    boards,
    client,
    cost,
    doctor,
    events,
    fleet,
    identity,
    importing,
    library,
    push,
    reports,
    serving,
    simulate,
    stack_files,
    storage,
    upgrade,
)
from portal.core.errors import PortalError
from portal.core.outages import is_refused_value, is_unusable, reason_of
from portal.core.values.texts import text_problem

_LONGEST_LINE = 400

app = typer.Typer(
    help="Power, energy and cost of metered sites. Settings come from the environment and .env.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serving.serve)
app.command("ingest")(serving.ingest)
app.command("demo")(serving.run_demo)
app.command("simulate")(simulate.simulate)
app.command("migrate")(serving.migrate_database)
app.command("import")(importing.import_readings)
app.command("cost")(cost.show_cost)
app.command("report")(reports.month_report)
app.command("backup")(backup.take_backup)
app.command("restore")(backup.restore_backup)
app.command("files")(stack_files.write_stack_files)
app.command("upgrade")(upgrade.upgrade_stack)
app.command("doctor")(doctor.run_doctor)
app.add_typer(identity.users, name="user")
app.add_typer(identity.keys, name="apikey")
app.add_typer(identity.secrets, name="secrets")
app.add_typer(client.municipality_verbs, name="municipality")
app.add_typer(client.tariff_verbs, name="tariff")
app.add_typer(library.offer_verbs, name="offer")
app.add_typer(client.site_verbs, name="site")
app.add_typer(client.device_verbs, name="device")
app.add_typer(boards.board_verbs, name="board")
app.add_typer(boards.release_verbs, name="release")
app.add_typer(events.event_verbs, name="event")
app.add_typer(alerts.alert_verbs, name="alert")
app.add_typer(push.push_verbs, name="push")
app.add_typer(fleet.customer_verbs, name="customer")
app.add_typer(library.edition_verbs, name="edition")
app.add_typer(storage.storage_verbs, name="storage")


def _tell_version(*, is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"energy-portal {metadata.version('energy-portal')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _is_version_asked: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=lambda is_asked: _tell_version(is_asked=is_asked),
            is_eager=True,
            help="Say which release this is.",
        ),
    ] = False,
) -> None:
    """Power, energy and cost of metered sites. Settings come from the environment and .env."""


def main() -> None:
    """Run a verb; a refusal is one line on standard error and exit status 1.

    So is a database that cannot be used, and a value that it cannot hold.
    """
    if any(text_problem(argument, lines=True) for argument in sys.argv):
        sys.exit("portal: an argument holds a character that is no text in UTF-8, or a control character")
    try:
        app()
    except PortalError as error:
        sys.exit(_told(error.message))
    except (UnicodeEncodeError, ArithmeticError) as error:
        sys.exit(_told(f"a value that was given cannot be used: {error}"))
    except Exception as error:
        if not (is_unusable(error) or is_refused_value(error)):
            raise
        sys.exit(_told(reason_of(error)))


def _told(message: str) -> str:
    """Return what standard error is told: what was typed is in it, so nothing that moves a terminal's cursor."""
    return "portal: " + "\n".join(
        "".join(map(_visible, line[:_LONGEST_LINE])) for line in message.splitlines()
    )


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


if __name__ == "__main__":
    main()
