"""`portal user` and `portal apikey`: both run modes."""

import sys
from typing import Annotated

import typer

from portal.commands.output import AsJson, answer
from portal.commands.session import with_stack
from portal.core.domain.access import Role, Scope
from portal.core.errors import Invalid
from portal.core.services import accounts, api_keys, second_factor

users = typer.Typer(help="People who may log in.", no_args_is_help=True)
keys = typer.Typer(help="Keys for machines.", no_args_is_help=True)


@users.command("add")
def add_user(
    email: str,
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.USER,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add a person."""
    if not password_stdin:
        message = "Give the password on standard input with --password-stdin: an argument shows in the process list."
        raise Invalid(message)
    password = sys.stdin.readline().rstrip("\r\n")
    user_id = with_stack(lambda stack: accounts.add_user(stack, email, role, password))
    made = {"id": user_id, "email": email.strip().lower(), "role": role}
    answer(made, f"Added {made['email']} as {role}.", as_json=as_json)


@users.command("reset-second-factor")
def reset_second_factor(email: str, as_json: AsJson = False) -> None:
    """Take away the second factor of somebody who lost it; their sessions end."""
    user_id = with_stack(lambda stack: second_factor.reset_by_email(stack, email))
    made = {"id": user_id, "email": email.strip().lower()}
    answer(made, f"{made['email']} signs in with the password alone now.", as_json=as_json)


@keys.command("add")
def add_api_key(
    name: str,
    scope: Annotated[Scope, typer.Option(help="What it may be used for.")] = Scope.MANAGE,
    as_json: AsJson = False,
) -> None:
    """Issue a key; it is shown once."""
    issued = with_stack(lambda stack: api_keys.add_api_key(stack, name, scope))
    answer(issued, f"Key of {issued.name}, shown only now:\n{issued.key}", as_json=as_json)
