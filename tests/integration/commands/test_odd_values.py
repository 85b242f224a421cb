"""Every verb, with values that are too long, empty, odd or none: a result or one line, never a traceback."""

import asyncio
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal import cli
from portal.core.settings import RunMode
from tests.integration.databases import TestServer

ODD = {
    "empty": "",
    "blank": " ",
    "longer than an external id": "x" * 101,
    "longer than a name": "x" * 201,
    "very long": "ü" * 5000,
    "not UTF-8": "a\udcffb",
    "control characters": "a\x01\x1b[31m\nb",
    "negative": "-1",
    "not a number": "NaN",
    "endless": "Infinity",
    "tiny": "1e-999999999",
    "huge": "1e999999",
    "other digits": "٣",
    "no day": "2026-13-40",
    "first day": "0001-01-01",
    "last instant": "9999-12-31T23:59:59-14:00",
}
CLIENT = [
    "municipality add {} --time-zone Africa/Johannesburg",
    "municipality add town --time-zone {}",
    "tariff import {}",
    "site add {}",
    "site add odd-1 --municipality {}",
    "site add odd-2 --address {}",
    "device add {} --site Depot --external-id odd-1",
    "device add odd --site {} --external-id odd-2",
    "device add odd --site Depot --external-id {}",
    "device add odd --site Depot --external-id odd-3 --description {}",
    "device add odd --site Depot --external-id odd-4 --max-power-kw {}",
    "device rotate {}",
    "import {} --device main-1",
    "import FILE --device {}",
    "import FILE --device main-1 --column {}",
    "import FILE --device main-1 --column energy={}",
    "import FILE --device main-1 --format nem12 --nmi {}",
    "user add {} --password-stdin",
    "user reset-second-factor {}",
    "apikey add {}",
    "push retry {}",
    "push discard {}",
    "push verify --from {}",
    "push verify --to {}",
    "cost --from {} --to 2026-01-02",
    "cost --from 2026-01-01 --to {}",
    "cost --from 2026-01-01 --to 2026-01-02 --gaps {}",
    "cost --from 2026-01-01 --to 2026-01-02 --customer {}",
]
ADMIN = [
    "customer add {} Acme",
    "customer add odd {}",
    "customer rotate {}",
    "customer rotate acme --grace-hours {}",
    "customer disable {}",
    "customer enable {}",
    "cost --from 2026-01-01 --to 2026-01-02 --customer {}",
]


class Shell:
    """Runs verbs in this process, on one database of a run mode."""

    def __init__(self, mode: RunMode, dsn: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch, self._directory = monkeypatch, directory
        settings = {
            "Application__RunMode": mode.value,
            "Database__ConnectionString": dsn,
            "Storage__DataDirectory": str(directory / "data"),
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(directory)
        (directory / "FILE").write_text("time,energy\n2026-01-01T00:00:00Z,1\n")

    def run(self, verb: str, value: str, stdin: str = "correct-horse-battery\n") -> tuple[int, str]:
        """Return the exit status and the last line of a refusal."""
        arguments = [value if word == "{}" else word.replace("{}", value) for word in verb.split()]
        self._monkeypatch.setattr(sys, "argv", ["portal", *arguments])
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        try:
            cli.main()
        except SystemExit as ended:
            return (1, ended.code) if isinstance(ended.code, str) else (int(ended.code or 0), "")
        return 0, ""


@pytest.fixture
def shell(
    database_server: TestServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[Shell]:
    mode: RunMode = request.param
    name = asyncio.run(database_server.copy(mode))
    made = Shell(mode, database_server.dsn(name), tmp_path, monkeypatch)
    if mode is RunMode.CLIENT:
        assert made.run("site add Depot", "") == (0, "")
        assert made.run("device add main --site Depot --external-id main-1", "") == (0, "")
    else:
        assert made.run("customer add acme Acme", "") == (0, "")
    yield made
    asyncio.run(database_server.drop(name))


@pytest.mark.parametrize(
    ("shell", "verbs"),
    [(RunMode.CLIENT, CLIENT), (RunMode.ADMIN, ADMIN)],
    indirect=["shell"],
    ids=["Client", "Admin"],
)
def test_every_verb_answers_odd_values_in_one_line(shell: Shell, verbs: list[str]) -> None:
    wrong: list[str] = []
    for verb in verbs:
        for kind, value in ODD.items():
            try:
                _, line = shell.run(verb, value)
            except Exception as error:  # noqa: BLE001 - that is what must not be; all of them are told at once
                wrong.append(f"{verb} with {kind}: {type(error).__name__}: {str(error)[:120]}")
                continue
            if len(line) > 1000 or not all(part.isprintable() for part in line.split("\n")):
                wrong.append(f"{verb} with {kind}: {line[:200]!r}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("shell", [RunMode.CLIENT], indirect=True, ids=["Client"])
def test_lists_are_printed_for_people_and_for_machines(
    shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tariff = {"municipality": "Town", "name": "Flat", "effectiveFrom": "2026-01-01", "defaultRatePerKwh": 2.5}
    (tmp_path / "rates").write_text(json.dumps([tariff | {"vatRate": 0.15}]))
    assert shell.run("municipality add Town --time-zone Africa/Johannesburg", "") == (0, "")
    assert shell.run("tariff import rates", "") == (0, "")
    for name, word in (("municipality", "Town"), ("tariff", "Flat"), ("site", "Depot"), ("device", "main-1")):
        capsys.readouterr()
        assert shell.run(f"{name} list", "") == (0, "")
        assert word in capsys.readouterr().out
        assert shell.run(f"{name} list --json", "") == (0, "")
        printed = capsys.readouterr().out
        assert word in json.dumps(json.loads(printed))
        (tmp_path / name).write_text(printed)
    assert shell.run("tariff import tariff", "") == (0, "")
