"""`portal customer add --bundle`: a folder from which a customer's stack starts, with nothing left to fill in."""

import asyncio
import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from portal.core.settings import RunMode, load_settings
from tests.deploy.compose_files import filled_in, variables_of
from tests.integration.databases import TestServer


class Admin:
    """An Admin's database, and `portal` beside it."""

    def __init__(self, program: Path, directory: Path, dsn: str) -> None:
        self._program, self.directory, self._dsn = program, directory, dsn

    def run(self, *verb: str, **settings: str) -> subprocess.CompletedProcess[str]:
        own = {
            "PATH": os.environ["PATH"],
            "Application__RunMode": "Admin",
            "Application__PublicUrl": "https://admin.example.com",
            "Database__ConnectionString": self._dsn,
        }
        return subprocess.run(
            [self._program, *verb],
            cwd=self.directory,
            env=own | settings,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def answer(self, *verb: str, **settings: str) -> dict[str, Any]:
        done = self.run(*verb, "--json", **settings)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])

    def codes(self) -> set[str]:
        return {line["code"] for line in self.answer("customer", "list")["customers"]}


@pytest.fixture(scope="module")
def admin(
    portal_program: Path, database_server: TestServer, tmp_path_factory: pytest.TempPathFactory
) -> Admin:
    name = asyncio.run(database_server.copy(RunMode.ADMIN))
    dsn = database_server.dsn(name).replace("+asyncpg", "")
    return Admin(portal_program, tmp_path_factory.mktemp("admin"), dsn)


def test_the_folder_holds_all_that_a_stack_needs(admin: Admin) -> None:
    folder = admin.directory / "acme"
    made = admin.answer("customer", "add", "ACME", "Acme's Cold Storage", "--bundle", str(folder))
    assert made["bundle"] == str(folder)
    assert made["url"] == "https://acme.example.com"
    compose = filled_in(folder / "compose.yaml", variables_of(folder / ".env"))
    assert compose["name"] == "acme"
    for name, secret in compose["secrets"].items():
        content = (folder / secret["file"]).read_text()
        assert len(content) >= 32, name
    portal = compose["services"]["portal"]
    assert (folder / "secrets/fleet-token").read_text() == made["token"]
    for volume in compose["services"]["grafana"]["volumes"][:2]:
        assert any((folder / volume.partition(":")[0]).rglob("*.*")), volume
    # As the engine hands it on: a file for each secret, the rest in the environment.
    given = {
        name: str(value).replace("/run/secrets", str(folder / "secrets"))
        for name, value in portal["environment"].items()
    }
    settings = load_settings(given)
    assert settings.application.name == "Acme's Cold Storage"
    assert settings.fleet_ingest.url == "https://admin.example.com/api/fleet/ingest"
    assert settings.fleet_ingest.token.get_secret_value() == made["token"]
    assert settings.is_production


def test_only_its_owner_gets_at_the_secrets(admin: Admin) -> None:
    folder = admin.directory / "private"
    admin.answer("customer", "add", "private", "Private", "--bundle", str(folder))
    for directory in (folder, folder / "secrets"):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    # By their own account, which is not the owner's, the processes in containers read them.
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder / "secrets").iterdir()} == {0o644}
    other = admin.directory / "other"
    admin.answer("customer", "add", "other", "Other", "--bundle", str(other))
    for path in (folder / "secrets").iterdir():
        assert path.read_text() != (other / "secrets" / path.name).read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--host", "no host"), "is no host name"),
        (("--admin-email", "nobody"), "is no e-mail address"),
        (("--admin-url", "admin"), "Say --host"),
        (("--image", "-x"), "is no name of an image"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anybody_is_registered(
    admin: Admin, options: tuple[str, ...], words: str
) -> None:
    done = admin.run(
        "customer", "add", "never", "Never", "--bundle", str(admin.directory / "never"), *options
    )
    assert done.returncode == 1
    assert words in done.stderr
    assert "never" not in admin.codes()
    assert not (admin.directory / "never").exists()


def test_a_folder_that_is_there_is_left_alone_and_nobody_is_registered(admin: Admin) -> None:
    folder = admin.directory / "there"
    folder.mkdir()
    done = admin.run("customer", "add", "there", "There", "--bundle", str(folder))
    assert done.returncode == 1
    assert "is there already" in done.stderr
    assert list(folder.iterdir()) == []
    assert "there" not in admin.codes()


def test_a_customer_that_is_there_leaves_no_folder_behind(admin: Admin) -> None:
    admin.answer("customer", "add", "taken", "Taken")
    before = set(admin.directory.iterdir())
    done = admin.run("customer", "add", "taken", "Taken", "--bundle", str(admin.directory / "again"))
    assert done.returncode == 1
    assert "already" in done.stderr
    assert set(admin.directory.iterdir()) == before


def test_a_later_release_brings_its_files_and_leaves_what_is_the_stacks_own(admin: Admin) -> None:
    folder = admin.directory / "renewed"
    admin.answer("customer", "add", "renewed", "Renewed", "--bundle", str(folder))
    own = {path: path.read_bytes() for path in [*(folder / "secrets").iterdir(), folder / ".env"]}
    (folder / "compose.yaml").write_text("of an earlier release")
    (folder / "grafana/dashboards/old.json").write_text("{}")
    (folder / "secrets/grafana-secret-key").unlink()
    done = admin.answer("files", str(folder), "--image", "registry.example.com/energy-portal:9.9.9")
    assert done["madeSecrets"] == ["grafana-secret-key"]
    assert (folder / "compose.yaml.before").read_text() == "of an earlier release"
    assert not (folder / "grafana/dashboards/old.json").exists()
    assert (folder / "grafana/dashboards.before/old.json").exists()
    compose = filled_in(folder / "compose.yaml", variables_of(folder / ".env"))
    assert compose["services"]["upgrade"]["image"] == "registry.example.com/energy-portal:9.9.9"
    own.pop(folder / "secrets/grafana-secret-key")
    env = own.pop(folder / ".env").decode()
    assert {path: path.read_bytes() for path in own} == own
    assert (folder / ".env").read_text().splitlines()[1:3] == env.splitlines()[1:3]
    # Once more, as after an upgrade that was given up.
    assert "compose.yaml" in admin.answer("files", str(folder))["replaced"]


def test_what_is_no_folder_of_a_stack_is_left_alone(admin: Admin) -> None:
    done = admin.run("files", str(admin.directory))
    assert done.returncode == 1
    assert "names no RUN_MODE" in done.stderr
