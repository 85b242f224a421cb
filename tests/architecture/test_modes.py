"""A process holds the pages of its own run mode only, and the headless parts hold no pages at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.architecture.fresh_process import ask

if TYPE_CHECKING:
    from pathlib import Path

_LOAD_THE_APP = """
import json, sys
import portal.portal
print(json.dumps(sorted(name for name in sys.modules if name.startswith("portal."))))
"""
_LOAD_HEADLESS = """
import importlib, json, pkgutil, sys
for name in ("portal.core", "portal.push", "fleet_ingest"):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if not module.name.endswith(".__main__"):
            importlib.import_module(module.name)
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""
# Every other setting at its default: Admin asks for a database by name, which is not opened at import.
SETTINGS = {
    "Client": {"Application__RunMode": "Client"},
    "Admin": {
        "Application__RunMode": "Admin",
        "Database__ConnectionString": "postgresql://nobody@127.0.0.1:1/none",
    },
}


@pytest.mark.parametrize(
    ("mode", "own", "other"), [("Client", "client", "admin"), ("Admin", "admin", "client")]
)
def test_a_mode_imports_its_own_pages_only(mode: str, own: str, other: str, tmp_path: Path) -> None:
    loaded = ask(_LOAD_THE_APP, tmp_path, **SETTINGS[mode])
    assert [name for name in loaded if name.startswith(f"portal.{other}")] == []
    assert any(name.startswith(f"portal.{own}.") for name in loaded), "the mode's own pages are missing"


def test_only_a_client_imports_the_push(tmp_path: Path) -> None:
    loaded = ask(_LOAD_THE_APP, tmp_path, **SETTINGS["Admin"])
    assert [name for name in loaded if name.startswith("portal.push")] == []


def test_headless_parts_need_no_user_interface(tmp_path: Path) -> None:
    loaded = ask(_LOAD_HEADLESS, tmp_path)
    assert {"portal", "fleet_ingest"} <= set(loaded)
    assert {"reflex", "reflex_base", "plotly"} & set(loaded) == set()
