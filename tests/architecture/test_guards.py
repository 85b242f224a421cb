"""Every event handler a browser can call carries exactly one guard.

A handler that is only a method of a state is callable by any websocket client, page or no page. The registry
of the running application is the list of what can be called; two guards on one handler already fail at import.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.architecture.fresh_process import loaded

# Handlers anybody may call, by the end of their name, and why. A new one must be put here by hand.
PUBLIC = {
    "login_state.load": "shows the login page: reads the address of the page and nothing else",
    "set_password_state.load": "shows the page a password link leads to: reads the address and nothing else",
}
Handlers = dict[str, dict[str, Any]]


@pytest.fixture(params=["Client", "Admin"])
def handlers(request: pytest.FixtureRequest) -> Handlers:
    found: Handlers = loaded(request.param)["handlers"]
    return {name: handler for name, handler in found.items() if handler["is_of_our_state"]}


def test_every_handler_of_ours_carries_a_guard(handlers: Handlers) -> None:
    ours = {name: handler for name, handler in handlers.items() if handler["is_ours"]}
    assert ours, "no handler was found: the walk looks in the wrong place"
    assert sorted(name for name, handler in ours.items() if handler["access"] is None) == []


def test_a_handler_without_a_guard_is_not_let_through(handlers: Handlers) -> None:
    """Reflex gives every state handlers of its own, such as one that sets a variable by name."""
    unguarded = {name: handler for name, handler in handlers.items() if handler["access"] is None}
    assert unguarded, "Reflex's own handlers are gone: this test can go too"
    assert sorted(name for name, handler in unguarded.items() if handler["is_let_through"]) == []


def test_what_runs_in_the_background_ends_with_its_connection(handlers: Handlers) -> None:
    """`beats` is what ends it; anything else would go on for whoever calls it without a page."""
    assert sorted(name for name, handler in handlers.items() if handler["is_endless"]) == []


def test_public_handlers_are_named_here(handlers: Handlers) -> None:
    public = sorted(name for name, handler in handlers.items() if handler["access"] == "public")
    assert [name for name in public if not name.endswith(tuple(PUBLIC))] == []
