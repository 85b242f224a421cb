"""`portal user` and `portal apikey`: both run modes."""

import sys
from typing import Annotated

import typer

from portal.commands.output import AsJson, answer, answer_page
from portal.commands.session import with_stack
from portal.core.access import Role, Scope
from portal.core.errors import Invalid
from portal.core.fleet.service import operators
from portal.core.identity.service import accounts, api_keys, second_factor
from portal.core.identity.service.accounts import UserLine
from portal.core.identity.service.api_keys import KeyLine
from portal.core.identity.service.speech import set_speech
from portal.core.languages import LANGUAGES, LOCALES
from portal.core.operations.service import sealed_secrets
from portal.core.settings import RunMode
from portal.core.values.pages import Page
from portal.core.values.time import iso_utc

users = typer.Typer(help="People who may log in.", no_args_is_help=True)
keys = typer.Typer(help="Keys for machines.", no_args_is_help=True)
secrets = typer.Typer(help="What seals secrets that have to be read again.", no_args_is_help=True)


@secrets.command("rotate")
def rotate_secrets(as_json: AsJson = False) -> None:
    """Seal the secrets of second factors and alert channels under a new key; the stack may run."""
    count = with_stack(sealed_secrets.rotate)
    words = f"{count} secrets are sealed under the newest key, and under no other."
    answer({"id": "secrets", "sealed": count}, words, as_json=as_json)


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
    password = password_from_stdin(is_asked=password_stdin)
    user_id = with_stack(lambda stack: accounts.add_user(stack, email, role, password))
    made = {"id": user_id, "email": email.strip().lower(), "role": role}
    answer(made, f"Added {made['email']} as {role}.", as_json=as_json)


def password_from_stdin(*, is_asked: bool) -> str:
    """Return the line that standard input holds. Raises `Invalid` where nobody said that it would."""
    if not is_asked:
        message = "Give the password on standard input with --password-stdin: an argument shows in the process list."
        raise Invalid(message)
    return sys.stdin.readline().rstrip("\r\n")


@users.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List who may log in, by address."""
    page = Page(with_stack(accounts.list_users))
    answer_page("users", page, _user_in_words, as_json=as_json)


def _user_in_words(line: UserLine) -> str:
    seen = f"last seen {iso_utc(line.last_sign_in_at)}" if line.last_sign_in_at else "never seen"
    return f"{line.email}: {line.role}, {seen}{'' if line.is_active else ', deactivated'}"


@users.command("scope")
def scope_user(
    email: str,
    customer: Annotated[
        list[str] | None, typer.Option(help="Code of a customer they see; as often as there are some.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Let them see every customer again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Limit a person to some customers (Admin). Who is limited may look, and changes nothing."""
    if everything == bool(customer):
        raise Invalid("Say which customers with --customer, or --all.")
    codes = None if everything else customer
    line = with_stack(lambda stack: operators.limit(stack, email, codes), mode=RunMode.ADMIN)
    seen = "every customer" if line.customers is None else ", ".join(line.customers)
    answer(line, f"{line.email} sees {seen}.", as_json=as_json)


@users.command("language")
def set_language(
    email: str,
    language: Annotated[str, typer.Argument(help=f"One of {', '.join(LANGUAGES)}.")],
    locale: Annotated[
        str,
        typer.Option(help=f"How numbers are written: one of {', '.join(LOCALES)}; as usual in the language."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Have pages and mail speak a language to a person."""
    speech = with_stack(lambda stack: set_speech(stack, email, language, locale))
    made = {"email": email.strip().lower(), "language": speech.language, "locale": speech.locale}
    words = f"{made['email']} reads {LANGUAGES[speech.language]}, with numbers as in {speech.locale}."
    answer(made, words, as_json=as_json)


@users.command("reset-second-factor")
def reset_second_factor(email: str, as_json: AsJson = False) -> None:
    """Take away the second factor of somebody who lost it; their sessions end."""
    user_id = with_stack(lambda stack: second_factor.reset(stack, email))
    made = {"id": user_id, "email": email.strip().lower()}
    answer(made, f"{made['email']} signs in with the password alone now.", as_json=as_json)


@keys.command("list")
def list_api_keys(as_json: AsJson = False) -> None:
    """List the keys in use, by name; the keys themselves are shown to nobody."""
    page = Page(with_stack(api_keys.list_api_keys))
    answer_page("keys", page, _key_in_words, as_json=as_json)


def _key_in_words(line: KeyLine) -> str:
    used = f"last used {iso_utc(line.last_used_at)}" if line.last_used_at else "never used"
    return f"{line.name}: may {line.scope}, {used}"


@keys.command("revoke")
def revoke_api_key(name: str, as_json: AsJson = False) -> None:
    """Revoke a key at once."""
    revoked = with_stack(lambda stack: api_keys.revoke_api_key(stack, name.strip()))
    answer(revoked, f"{revoked.name} opens nothing any more.", as_json=as_json)


@keys.command("add")
def add_api_key(
    name: str,
    scope: Annotated[Scope, typer.Option(help="What it may be used for.")] = Scope.MANAGE,
    as_json: AsJson = False,
) -> None:
    """Issue a key; it is shown once."""
    issued = with_stack(lambda stack: api_keys.add_api_key(stack, name, scope))
    answer(issued, f"Key of {issued.name}, shown only now:\n{issued.key}", as_json=as_json)
