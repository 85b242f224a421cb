"""The `portal` command."""

import sys

import typer

from portal.commands import client, cost, doctor, fleet, identity, importing, push, serving, storage
from portal.core.domain.texts import text_problem
from portal.core.errors import PortalError
from portal.core.outages import is_unusable, reason_of

app = typer.Typer(
    help="Power, energy and cost of metered sites. Settings come from the environment and .env.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serving.serve)
app.command("ingest")(serving.ingest)
app.command("demo")(serving.run_demo)
app.command("migrate")(serving.migrate_database)
app.command("import")(importing.import_readings)
app.command("cost")(cost.show_cost)
app.command("doctor")(doctor.run_doctor)
app.add_typer(identity.users, name="user")
app.add_typer(identity.keys, name="apikey")
app.add_typer(client.municipalities, name="municipality")
app.add_typer(client.tariff_verbs, name="tariff")
app.add_typer(client.site_verbs, name="site")
app.add_typer(client.device_verbs, name="device")
app.add_typer(push.push_verbs, name="push")
app.add_typer(fleet.customer_verbs, name="customer")
app.add_typer(storage.storage_verbs, name="storage")


def main() -> None:
    """Run a verb; a refusal is one line on standard error and exit status 1."""
    if any(text_problem(argument, lines=True) for argument in sys.argv):
        sys.exit("portal: an argument holds a character that is no text in UTF-8, or a control character")
    try:
        app()
    except PortalError as error:
        sys.exit(f"portal: {error.message}")
    except Exception as error:
        if not is_unusable(error):
            raise
        sys.exit(f"portal: {reason_of(error)}")


if __name__ == "__main__":
    main()
