"""Building the pages on a machine that is too busy for it."""

import sys
from pathlib import Path

import pytest

from portal import frontend
from portal.core.settings import RunMode
from portal.frontend import BuildFailed
from rxconfig import PatientPlugin

_TIMED_OUT = "[prerender] Request failed for /settings/users/: The operation was aborted due to timeout"
# Counts its runs in a file, and makes the page with the last of those it is told.
_TOOL = """
import pathlib, sys
directory, words, failures = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
(directory / "runs").open("a").write("x")
if len((directory / "runs").read_text()) <= failures:
    print(words)
    sys.exit(1)
(directory / "build" / "client").mkdir(parents=True, exist_ok=True)
(directory / "build" / "client" / "index.html").write_text("made")
"""


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    lock = tmp_path / "package.json"
    lock.write_text("locked")
    for name, value in {
        "_WEB": tmp_path,
        "PROJECT_ROOT": tmp_path,
        "DIST": tmp_path,
        "_LOCK": (lock,),
    }.items():
        monkeypatch.setattr(frontend, name, value)
    monkeypatch.setattr(frontend, "_build_environment", lambda _: {})
    return tmp_path / "runs"


def use(monkeypatch: pytest.MonkeyPatch, directory: Path, words: str, failures: int) -> None:
    monkeypatch.setattr(
        frontend, "_COMMAND", (sys.executable, "-c", _TOOL, str(directory), words, str(failures))
    )


def test_a_prerender_that_times_out_twice_is_tried_a_third_time(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, runs.parent, _TIMED_OUT, failures=2)
    frontend._export(RunMode.CLIENT, update_lock=False)
    assert runs.read_text() == "xxx"
    assert capsys.readouterr().out.count("this machine is busy, trying again") == 2


def test_a_machine_that_stays_busy_is_given_up_with_what_the_tool_said(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, runs.parent, _TIMED_OUT, failures=9)
    with pytest.raises(BuildFailed, match="aborted due to timeout"):
        frontend._export(RunMode.CLIENT, update_lock=False)
    assert runs.read_text() == "xxx"
    assert (runs.parent / "package.json").read_text() == "locked"


def test_a_page_that_does_not_compile_is_tried_once(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, runs.parent, "ReferenceError: x is not defined", failures=9)
    with pytest.raises(BuildFailed, match="ReferenceError"):
        frontend._export(RunMode.CLIENT, update_lock=False)
    assert runs.read_text() == "x"


def test_settings_that_are_refused_are_one_line_of_the_build_too(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is compiled reads the settings: a file beside it that no stack would start with stops it as well."""
    (runs.parent / ".env").write_text("Application__RunMod=Admin\n")
    reading = "from portal.core.settings import load_settings; load_settings()"
    monkeypatch.setattr(frontend, "_COMMAND", (sys.executable, "-c", reading))
    with pytest.raises(BuildFailed) as failed:
        frontend._export(RunMode.CLIENT, update_lock=False)
    words = "Application__RunMod in .env is not a setting; the nearest is Application__RunMode."
    assert failed.value.message == f"The Client pages could not be built: {words}"


def test_the_build_gives_a_page_longer_than_ten_seconds() -> None:
    changes = {}
    PatientPlugin().pre_compile(add_modify_task=lambda name, change: changes.update({name: change}))
    assert "Math.max(milliseconds, 120000)" in changes["vite.config.js"]("export default {};")
