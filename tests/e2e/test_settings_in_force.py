"""`portal serve` in a directory with a `.env` that sets everything to something else than its default.

The Admin's does; the Client's leaves its run mode and the limits on, so that these are seen. What the process holds is
asked of the process, what is built into the app when it starts is looked at from outside.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from portal.core.settings import RunMode, env_name, load_settings, setting_names
from tests.architecture.source import ROOT
from tests.integration.databases import TestServer, reachable_directory
from tests.ports import free_port

_PATIENCE_S = 60
_DASHBOARD = "https://dashboard.example.com"
_NOW = "2026-05-18T12:00:00Z"
# `portal serve`, and at a signal the settings of the stack it serves and the modules it has imported.
_SERVE = """
import json, signal, sys
from pathlib import Path
from portal import cli
from portal.core import stack
from portal.core.settings import Settings, env_name

def told(value):
    plain = value.get_secret_value() if hasattr(value, "get_secret_value") else value
    if isinstance(plain, tuple):
        return " ".join(plain)
    return str(plain).lower() if isinstance(plain, bool) else format(plain, "g" if isinstance(plain, float) else "")

def tell(*_):
    held = stack.current().settings
    values = {
        env_name(section, field): told(value)
        for section in Settings.model_fields
        for field, value in vars(getattr(held, section)).items()
    }
    modules = [name for name in sys.modules if name.startswith("portal.")]
    Path("told.part").write_text(json.dumps({"values": values, "modules": modules}))
    Path("told.part").rename("told.json")

signal.signal(signal.SIGUSR1, tell)
cli.main()
"""
# Somebody else's program that serves a stack: its settings come as an object, and the app opens the stack itself.
_EMBED = """
import json, sys
import uvicorn
from portal.app import make_app
from portal.core.settings import load_settings

port, given = int(sys.argv[1]), json.loads(sys.argv[2])
uvicorn.run(make_app(load_settings(given)), port=port, lifespan="on", log_level="error")
"""
_REST = {
    "Application__Environment": "Production",
    "Application__Name": "Northwind Meters",
    "Application__PublicUrl": "https://energy.example.com",
    "Application__TimeZone": "Africa/Johannesburg",
    "Application__TrustedProxyHops": "1",
    "Application__AllowedOrigins": _DASHBOARD,
    "Database__AutoProvisionLocal": "false",
    "Database__Host": "db.example.com",
    "Database__Port": "5433",
    "Database__Name": "meters",
    "Database__Username": "meters",
    "Database__Password": "of-the-database",
    "Database__Storage": "plain",
    "Authentication__DefaultAdminEmail": "olga@example.com",
    "Authentication__DefaultAdminPassword": "correct-horse-battery",
    "Authentication__MaxFailedAttempts": "4",
    "Authentication__LockoutMinutes": "14",
    "Authentication__SecretKey": "0123456789abcdef0123456789abcdef",
    "Authentication__EarlierSecretKeys": "fedcba9876543210fedcba9876543210",
    "Authentication__AllowDefaultPassword": "true",
    "SingleSignOn__Issuer": "https://login.example.com",
    "SingleSignOn__ClientId": "energy-portal",
    "SingleSignOn__ClientSecret": "of-the-provider",
    "SingleSignOn__Label": "Sign in with Northwind",
    "SingleSignOn__GroupsClaim": "roles",
    "SingleSignOn__AdminGroups": "portal-admins",
    "SingleSignOn__UserGroups": "portal-users",
    "SingleSignOn__CustomerGroupPrefix": "customer-",
    "FleetIngest__Enabled": "true",
    "FleetIngest__Url": "http://127.0.0.1:1/api/fleet/ingest",
    "FleetIngest__Token": "a" * 64,
    "FleetIngest__IntervalSeconds": "61.5",
    "FleetIngest__BatchSize": "4999",
    "FleetIngest__BatchMaxBytes": "1048575",
    "FleetIngest__MaxBatchesPerTick": "2",
    "FleetIngest__MaxRequestRows": "3",
    "FleetIngest__MaxRequestBytes": "8388607",
    "FleetIngest__KeepEventsDays": "89",
    "Billing__MaxGapMinutes": "119",
    "Billing__Currency": "EUR",
    "RateLimit__CustomerPerMinute": "7",
    "RateLimit__DevicePerMinute": "7",
    "RateLimit__FailuresPerMinute": "3",
    "RateLimit__RedisUrl": "redis://127.0.0.1:1/0",
    "Metrics__PerCustomer": "true",
    "Grafana__Url": "/grafana",
    "Grafana__ReaderName": "reader_in_force",
    "Grafana__ReaderPassword": "of-the-reader",
    "Mail__Host": "mail.example.com",
    "Mail__Port": "465",
    "Mail__Security": "tls",
    "Mail__Username": "portal@example.com",
    "Mail__Password": "of-the-mail-server",
    "Mail__Sender": "energy@example.com",
    "Backup__Directory": "/nowhere/backups",
    "Backup__KeepDays": "13",
}
_OF_MODE = {
    "Client": {"Application__RunMode": "Client", "RateLimit__Enabled": "true"},
    "Admin": {"Application__RunMode": "Admin", "RateLimit__Enabled": "false"},
}


@dataclass(frozen=True)
class Served:
    """A stack in production whose settings are in its `.env` and nowhere else."""

    mode: str
    url: str
    directory: Path
    settings: dict[str, str]
    process: subprocess.Popen[bytes]

    def told(self) -> dict[str, Any]:
        """What the process says of itself."""
        self.process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + _PATIENCE_S
        while not (self.directory / "told.json").exists():
            assert time.monotonic() < deadline, "the process tells nothing"
            time.sleep(0.05)
        return json.loads((self.directory / "told.json").read_text())

    def command(self, *verb: str) -> dict[str, Any]:
        """Run a verb beside it, which reads the same `.env`."""
        done = subprocess.run(
            [sys.executable, "-m", "portal.cli", *verb, "--json"],
            cwd=self.directory,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])


def _environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module", params=["Client", "Admin"])
def served(
    request: pytest.FixtureRequest, database_server: TestServer, built_pages: None
) -> Iterator[Served]:
    mode = request.param
    name = asyncio.run(database_server.empty(f"in_force_{mode.lower()}"))
    own = {
        "Database__ConnectionString": database_server.dsn(name).replace("+asyncpg", ""),
        "Storage__DataDirectory": "elsewhere",
    }
    with reachable_directory() as directory, _serving(directory, mode, own | _REST | _OF_MODE[mode]) as stack:
        yield stack
    asyncio.run(database_server.drop(name))


@contextmanager
def _serving(
    directory: Path, mode: str, settings: dict[str, str], embedded: dict[str, str] | None = None
) -> Iterator[Served]:
    lines = [f"{name}={value}\n" for name, value in settings.items()]
    (directory / ".env").write_text("".join(lines))
    port = free_port()
    command = [sys.executable, "-c", _SERVE, "serve", "--port", str(port)]
    if embedded is not None:
        command = [sys.executable, "-c", _EMBED, str(port), json.dumps(embedded)]
    with (directory / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=directory, env=_environment(), stdout=log, stderr=log)
    made = Served(mode, f"http://127.0.0.1:{port}", directory, settings, process)
    try:
        _wait_until_ready(made)
        yield made
    finally:
        process.terminate()
        process.wait(_PATIENCE_S)


def _wait_until_ready(made: Served) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        said = (made.directory / "serve.log").read_text()
        assert made.process.poll() is None, said
        assert time.monotonic() < deadline, said
        try:
            if httpx.get(f"{made.url}/health/ready", timeout=2).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            time.sleep(0.1)


def test_the_file_sets_everything_to_something_else(served: Served) -> None:
    """Or the others would find in force what is in force anyway."""
    assert set(served.settings) == setting_names()
    usual = load_settings({})
    by_default = {
        env_name(section, field)
        for section, of_section in usual
        for field, value in of_section
        if served.settings[env_name(section, field)].lower() == _plain(value)
    }
    assert by_default == (set(_OF_MODE["Client"]) if served.mode == "Client" else set())


def _plain(value: Any) -> str:
    return str(value.get_secret_value() if hasattr(value, "get_secret_value") else value).lower()


def test_the_served_stack_has_every_value(served: Served) -> None:
    in_force = served.told()["values"]
    assert in_force.pop("Storage__DataDirectory") == str(served.directory / "elsewhere")
    assert in_force == {
        name: value for name, value in served.settings.items() if name != "Storage__DataDirectory"
    }


def test_what_is_served_is_built_by_no_module_that_reads_the_settings_itself(served: Served) -> None:
    modules = served.told()["modules"]
    assert "portal.pages" in modules
    assert "portal.portal" not in modules


def test_what_is_built_into_the_app_has_them_as_well(served: Served) -> None:
    with httpx.Client(base_url=served.url) as visitor:
        behind_proxy = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https", "Accept": "text/html"}
        assert "strict-transport-security" in visitor.get("/login", headers=behind_proxy).headers
        assert "Northwind Meters" in visitor.get("/api/openapi.json").json()["info"]["title"]
        path, other = "/api/sites", "/api/admin/customers"
        if served.mode == "Admin":
            path, other = other, path
        assert visitor.get(other).status_code == httpx.codes.NOT_FOUND
        asked = {"Origin": _DASHBOARD, "Access-Control-Request-Method": "GET"}
        assert visitor.options(path, headers=asked).headers["access-control-allow-origin"] == _DASHBOARD


def test_strangers_are_limited_as_it_says(served: Served) -> None:
    # One more than fits into two minutes, should a minute end meanwhile.
    said = _statuses(served, "0" * 64, 2 * 3 + 1)
    assert said[:3] == [httpx.codes.UNAUTHORIZED] * 3
    assert (httpx.codes.TOO_MANY_REQUESTS in said) == (served.mode == "Client")


def test_whoever_is_known_is_limited_as_it_says(served: Served) -> None:
    if served.mode == "Client":
        served.command("site", "add", "Depot")
        token = served.command("device", "add", "main", "--site", "Depot", "--external-id", "m-1")["token"]
    else:
        token = served.command("customer", "add", "ACME", "Acme Cold Storage")["token"]
    said = _statuses(served, token, 2 * 7 + 1)
    assert said[:7] == [httpx.codes.OK] * 7
    assert (httpx.codes.TOO_MANY_REQUESTS in said) == (served.mode == "Client")
    if served.mode == "Admin":
        assert 'customer="ACME"' in httpx.get(f"{served.url}/metrics").text


def test_an_app_that_is_made_of_settings_reads_no_others(
    database_server: TestServer, built_pages: None, tmp_path: Path
) -> None:
    name = asyncio.run(database_server.copy(RunMode.ADMIN))
    given = {
        "Application__RunMode": "Admin",
        "Application__Name": "By hand",
        "Application__TrustedProxyHops": "1",
        "Database__ConnectionString": database_server.dsn(name),
    }
    beside = {"Application__RunMode": "Client", "Application__Name": "From a file"}
    with _serving(tmp_path, "Admin", beside, given) as stack, httpx.Client(base_url=stack.url) as visitor:
        assert visitor.get("/api/openapi.json").json()["info"]["title"] == "By hand"
        assert visitor.get("/api/admin/customers").status_code == httpx.codes.UNAUTHORIZED
        headers = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https", "Accept": "text/html"}
        assert "strict-transport-security" in visitor.get("/login", headers=headers).headers
    asyncio.run(database_server.drop(name))


def _statuses(served: Served, token: str, times: int) -> list[int]:
    """What each of so many posts of nothing is answered, from an address of its own."""
    path = "/api/ingest/measurements" if served.mode == "Client" else "/api/fleet/ingest"
    headers = {"X-Forwarded-For": "192.0.2.7", "Content-Type": "application/json"}
    if served.mode == "Client":
        headers["Authorization"] = f"Bearer {token}"
        body: Any = [{"time": "2026-05-18T08:00:00Z", "activePowerKw": 1}]
    else:
        headers |= {"X-Customer-Token": token, "X-Batch-Type": "measurements", "X-Push-Cursor": _NOW}
        body = []
    with httpx.Client(base_url=served.url, headers=headers) as sender:
        return [sender.post(path, json=body).status_code for _ in range(times)]
