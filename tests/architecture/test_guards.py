"""Every event handler a browser can call carries exactly one guard.

A handler that is only a method of a state is callable by any websocket client, page or no page. The registry
of the running application is the list of what can be called; two guards on one handler already fail at import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.architecture.fresh_process import ask
from tests.architecture.test_modes import _SETTINGS

if TYPE_CHECKING:
    from pathlib import Path

_LIST_HANDLERS = """
import json
import portal.portal
from portal.auth.guards import access_of
from reflex_base.registry import RegistrationContext
found = {}
for name, entry in RegistrationContext.get().event_handlers.items():
    module = entry.states[0].__module__ if entry.states else entry.handler.fn.__module__
    if module.split(".")[0] != "reflex":
        found[name] = access_of(entry.handler.fn)
print(json.dumps(found))
"""
# Handlers anybody may call, by the end of their name, and why. A new one must be put here by hand.
PUBLIC: dict[str, str] = {}


@pytest.fixture(scope="module", params=["Client", "Admin"])
def handlers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str | None]:
    directory: Path = tmp_path_factory.mktemp("guards")
    return ask(_LIST_HANDLERS, directory, **_SETTINGS[request.param])


def test_every_handler_carries_a_guard(handlers: dict[str, str | None]) -> None:
    assert handlers, "no handler was found: the walk looks in the wrong place"
    assert sorted(name for name, access in handlers.items() if access is None) == []


def test_public_handlers_are_named_here(handlers: dict[str, str | None]) -> None:
    public = sorted(name for name, access in handlers.items() if access == "public")
    assert [name for name in public if not name.endswith(tuple(PUBLIC))] == []
