"""Scripts and stylesheets beside modules: linked for the build, and left alone by what serves."""

from pathlib import Path

import pytest

from portal.core.settings import PROJECT_ROOT
from portal.ui import linked as module
from portal.ui.linked import linked, linked_script

PLOTTED = str(PROJECT_ROOT / "portal" / "ui" / "plotted.py")
TARGET = "external/portal/ui/bars.jsx"


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("REFLEX_BACKEND_ONLY", raising=False)
    monkeypatch.setattr(module, "_ASSETS", tmp_path)
    return tmp_path


def test_the_build_finds_a_link_where_the_component_says(assets: Path) -> None:
    assert linked_script(PLOTTED, "bars.jsx") == f"$/public/{TARGET}"
    assert (assets / TARGET).samefile(PROJECT_ROOT / "portal" / "ui" / "bars.jsx")


def test_a_link_that_leads_elsewhere_is_put_right(assets: Path) -> None:
    (assets / TARGET).parent.mkdir(parents=True)
    (assets / TARGET).symlink_to(assets / "moved away")
    for _ in range(2):
        linked(PLOTTED, "bars.jsx")
        assert [each.resolve() for each in (assets / TARGET).parent.iterdir()] == [
            PROJECT_ROOT / "portal" / "ui" / "bars.jsx"
        ]


def test_nothing_is_written_where_pages_are_served(assets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLEX_BACKEND_ONLY", "true")
    assert linked(PLOTTED, "bars.jsx") == TARGET
    assert list(assets.iterdir()) == []


def test_a_file_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(FileNotFoundError):
        linked(PLOTTED, "no-such.jsx")


def test_no_module_has_reflex_look_for_its_caller() -> None:
    """It reads the source of the whole stack, at every start, once for each file."""
    modules = (PROJECT_ROOT / "portal").rglob("*.py")
    slow = [path for path in modules if "rx.asset(" in path.read_text(encoding="utf-8").replace("`", "")]
    assert [path.name for path in slow] == ["linked.py"]
