"""`portal customer`: the Admin's customers."""

from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from portal.commands import bundle as bundles
from portal.commands import leaving
from portal.commands.identity import password_from_stdin
from portal.commands.output import AsJson, Cursor, Limit, answer, answer_page, page_asked, plain
from portal.commands.session import with_stack
from portal.core.fleet.service import customers, readers
from portal.core.fleet.service.customers import DEFAULT_GRACE_HOURS, CustomerLine, IssuedToken
from portal.core.settings import DEFAULT_ADMIN_EMAIL, RunMode
from portal.core.stack import Stack
from portal.core.values.pages import Page
from portal.core.values.time import iso_utc

customer_verbs = typer.Typer(help="Customers and their tokens (Admin).", no_args_is_help=True)


@customer_verbs.command("add")
def add_customer(
    code: str,
    name: str,
    bundle: Annotated[
        Path | None, typer.Option(help="Folder to be made, from which the customer's stack starts.")
    ] = None,
    host: Annotated[str, typer.Option(help="Its host name; beside the Admin's by default.")] = "",
    admin_email: Annotated[str, typer.Option(help="Its first admin.")] = DEFAULT_ADMIN_EMAIL,
    admin_url: Annotated[
        str, typer.Option(help="The Admin's address; by default what it calls itself.")
    ] = "",
    image: Annotated[str, typer.Option(help="The image it runs; by default of this release.")] = "",
    as_json: AsJson = False,
) -> None:
    """Register a customer; its token is shown once, or goes into a folder from which its stack starts."""
    if bundle is None:
        issued = with_stack(lambda stack: customers.register(stack, code, name), mode=RunMode.ADMIN)
        answer(
            issued, f"Registered {issued.code}. Its token, shown only now:\n{issued.token}", as_json=as_json
        )
        return

    async def register(stack: Stack) -> tuple[IssuedToken, bundles.Bundle]:
        address = admin_url or stack.settings.application.public_url
        wanted = bundles.Wanted(
            code=code,
            name=name,
            host=host or bundles.own_host(code, address),
            admin_mail=admin_email,
            image=image or f"energy-portal:{metadata.version('energy-portal')}",
            admin_url=address,
        )
        return await _registered_with_bundle(stack, wanted, bundle)

    issued, made = with_stack(register, mode=RunMode.ADMIN)
    words = f"Registered {issued.code}. Its stack starts from {made.directory} and will be at {made.url}."
    answer(
        {**plain(issued), "bundle": str(made.directory), "url": made.url, "adminEmail": made.admin_mail},
        words,
        as_json=as_json,
    )


async def _registered_with_bundle(
    stack: Stack, wanted: bundles.Wanted, directory: Path
) -> tuple[IssuedToken, bundles.Bundle]:
    prepared = bundles.prepare(wanted, directory)
    try:
        issued = await customers.register(stack, wanted.code, wanted.name)
        return issued, bundles.finish(prepared, issued.token, wanted, directory)
    except BaseException:
        bundles.give_up(prepared)
        raise


@customer_verbs.command("rotate")
def rotate_token(
    code: str,
    grace_hours: Annotated[
        float, typer.Option(help="How long the old token stays valid.")
    ] = DEFAULT_GRACE_HOURS,
    as_json: AsJson = False,
) -> None:
    """Issue a new token; the old one stays valid for the grace window."""

    async def rotate(stack: Stack) -> IssuedToken:
        return await customers.rotate(stack, await customers.find_customer_id(stack, code), grace_hours)

    issued = with_stack(rotate, mode=RunMode.ADMIN)
    answer(issued, f"New token of {issued.code}, shown only now:\n{issued.token}", as_json=as_json)


@customer_verbs.command("disable")
def disable_customer(code: str, as_json: AsJson = False) -> None:
    """Refuse a customer's tokens."""
    _switch(code, is_active=False, as_json=as_json)


@customer_verbs.command("enable")
def enable_customer(code: str, as_json: AsJson = False) -> None:
    """Take a customer's tokens again."""
    _switch(code, is_active=True, as_json=as_json)


def _switch(code: str, *, is_active: bool, as_json: bool) -> None:
    async def switch(stack: Stack) -> CustomerLine:
        customer_id = await customers.find_customer_id(stack, code)
        await customers.set_active(stack, customer_id, is_active)
        return await customers.get_customer(stack, customer_id)

    line = with_stack(switch, mode=RunMode.ADMIN)
    answer(
        for_machines(line), f"{line.code} is {'enabled' if line.is_active else 'disabled'}.", as_json=as_json
    )


@customer_verbs.command("reader")
def let_read(
    code: str,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password of the role from standard input.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a role of the database that reads the views of `reporting`, of one customer alone."""
    password = password_from_stdin(is_asked=password_stdin)

    async def ensure(stack: Stack) -> str:
        return await readers.let_read(stack, await customers.find_customer_id(stack, code), code, password)

    role = with_stack(ensure, mode=RunMode.ADMIN)
    answer({"id": role, "role": role}, f"The role {role} reads what is {code}'s.", as_json=as_json)


@customer_verbs.command("list")
def list_customers(limit: Limit = None, cursor: Cursor = None, as_json: AsJson = False) -> None:
    """List customers with when they were last seen and today's energy (UTC day)."""
    asked = page_asked(limit, cursor, 1)
    page = with_stack(lambda stack: customers.page_of_customers(stack, asked), mode=RunMode.ADMIN)
    items = tuple(map(for_machines, page.items)) if as_json else page.items
    answer_page("customers", Page(items, page.next), _words, as_json=as_json)


def for_machines(line: CustomerLine) -> dict[str, object]:
    """A customer for machines, by the names of the API."""
    reached = line.energy_as_of
    return {**plain(line), "energyAsOf": plain(reached.at), "energyIsComplete": reached.is_complete}


def _words(line: CustomerLine) -> str:
    seen = f"last seen {iso_utc(line.last_seen_at)}" if line.last_seen_at else "never seen"
    state = "" if line.is_active else ", disabled"
    return f"{line.code}: {line.name}, {seen}{state}, {line.site_count} sites, {line.device_count} devices"


customer_verbs.command("export")(leaving.export)
customer_verbs.command("decommission")(leaving.decommission_customer)
customer_verbs.command("leaving")(leaving.list_leaving)
