"""The commands people and scripts rely on exist, explain themselves and answer in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from typer.main import get_command

from portal.cli import app

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNS_UNTIL_STOPPED = {"serve", "ingest", "demo"}
VERBS = {
    "serve", "ingest", "demo", "migrate", "import", "cost", "doctor", "user add", "apikey add", "municipality add",
    "tariff import", "site add", "device add", "customer add", "customer rotate", "customer disable",
    "customer enable", "customer list", "push once", "push status",
    "site list", "device list", "municipality list", "tariff list", "user list", "apikey list", "apikey revoke",
    "push dead-letters", "push retry", "push discard", "push verify",
}  # fmt: skip


def _walk(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield " ".join(words), command
        return
    for name, child in children.items():
        yield from _walk(child, (*words, name))


COMMANDS = dict(_walk(get_command(app)))


def test_every_promised_verb_exists() -> None:
    assert sorted(VERBS - set(COMMANDS)) == []


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_a_verb_says_what_it_does(verb: str) -> None:
    assert COMMANDS[verb].help


@pytest.mark.parametrize("verb", sorted(set(COMMANDS) - RUNS_UNTIL_STOPPED))
def test_a_verb_that_ends_answers_in_json(verb: str) -> None:
    options = {option for parameter in COMMANDS[verb].params for option in parameter.opts}
    assert "--json" in options


def test_a_secret_is_never_an_argument() -> None:
    """Arguments are seen by every process of the machine: passwords and tokens come in by standard input."""
    named = [
        f"{verb} {option}"
        for verb, command in COMMANDS.items()
        for parameter in command.params
        for option in parameter.opts
        if any(word in option for word in ("password", "token", "secret")) and not option.endswith("-stdin")
    ]
    assert named == []
