"""What is committed works on any machine: no addresses of one registry, no paths of one computer."""

from __future__ import annotations

import re
import subprocess

import yaml

from tests.architecture.source import ROOT

LOCKS = re.compile(r"(^|/)(requirements[\w.-]*\.txt|[\w.-]+\.lock|package-lock\.json|pylock[\w.]*\.toml)$")
_HOME = re.compile(r"(?<![\w.$}~])/(?:root|home/[a-z]\w*|work|Users/\w+)/[\w.]")
_ADDRESS = re.compile(r"https?://[^\s\"',)]+")
# Where a package's author asks for support; npm copies it into its lock and it is never fetched.
_FUNDING = re.compile(r'"funding": (?:\{[^}]*\}|\[[^\]]*\]|"[^"]*")')


def _tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_lock_files_name_versions_not_addresses() -> None:
    locks = [name for name in _tracked() if LOCKS.search(name)]
    assert any("package-lock" in name for name in locks), "the front end's packages are not locked"
    assert any("package-lock" not in name for name in locks), "the Python packages are not locked"
    found = {
        name: _ADDRESS.findall(_FUNDING.sub("", (ROOT / name).read_text(encoding="utf-8"))) for name in locks
    }
    assert {name: addresses[:3] for name, addresses in found.items() if addresses} == {}


def test_no_file_speaks_of_one_machine() -> None:
    speaking = {}
    for name in _tracked():
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if found := _HOME.findall(text):
            speaking[name] = found
    assert speaking == {}


def test_what_is_built_is_not_committed() -> None:
    built = re.compile(r"(^|/)(__pycache__|\.venv|\.web|\.dist|\.states|node_modules|data|\.env)(/|$)")
    assert [name for name in _tracked() if built.search(name)] == []


def test_the_forge_runs_what_everybody_runs() -> None:
    """`.ci/run`, which is `make test` on a fresh machine, or a target of the Makefile; by actions that nobody can
    exchange, not allowed to write.
    """
    targets = re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    workflows = list((ROOT / ".github/workflows").glob("*.yml"))
    assert workflows
    for path in workflows:
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert workflow["permissions"] == {"contents": "read"}
        for job in workflow["jobs"].values():
            assert job["timeout-minutes"] <= 60
            assert [step["uses"] for step in job["steps"] if "uses" in step]
            for used in (step["uses"] for step in job["steps"] if "uses" in step):
                assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used), used
            last = job["steps"][-1]["run"].splitlines()[-1].removeprefix("sudo ")
            assert last == ".ci/run" or last.removeprefix("make ") in targets, last
    assert re.search(r"^make test\b", (ROOT / ".ci/run").read_text(encoding="utf-8"), re.MULTILINE)
