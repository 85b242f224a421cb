"""A process holds the pages of its own run mode only, and the headless parts hold no pages at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.architecture.fresh_process import ask, loaded

if TYPE_CHECKING:
    from pathlib import Path

_LOAD_HEADLESS = """
import importlib, json, pkgutil, sys
for name in ("portal.core", "portal.push", "fleet_ingest"):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if not module.name.endswith(".__main__"):
            importlib.import_module(module.name)
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


@pytest.mark.parametrize(
    ("mode", "own", "other"), [("Client", "client", "admin"), ("Admin", "admin", "client")]
)
def test_a_mode_imports_its_own_pages_only(mode: str, own: str, other: str) -> None:
    modules = loaded(mode)["modules"]
    assert [name for name in modules if name.startswith(f"portal.{other}")] == []
    assert any(name.startswith(f"portal.{own}.") for name in modules), "the mode's own pages are missing"


def test_only_a_client_imports_the_push() -> None:
    assert [name for name in loaded("Admin")["modules"] if name.startswith("portal.push")] == []


def test_headless_parts_need_no_user_interface(tmp_path: Path) -> None:
    packages = set(ask(_LOAD_HEADLESS, tmp_path))
    assert {"portal", "fleet_ingest"} <= packages
    assert {"reflex", "reflex_base"} & packages == set()
