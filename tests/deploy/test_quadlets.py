"""The quadlets say of a stack what the compose file says."""

import shlex
from collections import defaultdict
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.deploy.compose_files import filled_in
from tests.deploy.test_compose import GIVEN, STACK

_FOLDER = ROOT / "docker/quadlet"
_SERVICES = filled_in(STACK, GIVEN | {"PORTAL_IMAGE": "energy-portal:0.1.0"})["services"]


def _section(path: Path, wanted: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    section = ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif section == wanted and line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[key].append(value)
    return found


def test_there_is_one_for_each_service() -> None:
    assert {path.stem.removeprefix("acme-") for path in _FOLDER.glob("*.container")} == set(_SERVICES)


@pytest.mark.parametrize("name", sorted(_SERVICES))
def test_a_quadlet_agrees_with_the_compose_file(name: str) -> None:
    service, container = _SERVICES[name], _section(_FOLDER / f"acme-{name}.container", "Container")
    assert container["Image"] == [service["image"]]
    assert shlex.split(container["Exec"][0] if container["Exec"] else "") == service.get("command", [])
    assert [shlex.split(label)[0] for label in container["Label"]] == service.get("labels", [])
    assert container["ReadOnly"] == container["NoNewPrivileges"] == ["true"]
    assert container["DropCapability"] == ["all"]
    assert " ".join(container["AddCapability"]).split() == service.get("cap_add", [])
    assert container["PidsLimit"] == [str(service["pids_limit"])]
    assert container["PodmanArgs"] == [f"--memory={service['mem_limit']}"]
    assert container["PublishPort"] == []
    # One by one: the folder is its owner's alone, and the process in the container is another's.
    secrets = [each for each in container["Volume"] if "/secrets/" in each]
    assert secrets == [
        f"/srv/energy-portal/acme/secrets/{each}:/run/secrets/{each}:ro"
        for each in service.get("secrets", ())
    ]
    on_edge = "edge" in service["networks"]
    assert any(network.startswith("edge.network") for network in container["Network"]) is on_edge


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("portal", "portal.env"),
        ("ingest", "portal.env"),
        ("upgrade", "portal.env"),
        ("grafana", "grafana.env"),
    ],
)
def test_its_settings_are_the_same(name: str, file: str) -> None:
    container = _section(_FOLDER / f"acme-{name}.container", "Container")
    assert container["EnvironmentFile"] == [f"/srv/energy-portal/acme/{file}"]
    lines = [line for line in (_FOLDER / file).read_text("utf-8").splitlines() if not line.startswith("#")]
    assert dict(line.split("=", 1) for line in lines) == _SERVICES[name]["environment"]


def test_what_it_names_is_beside_it() -> None:
    for path in _FOLDER.glob("*.container"):
        container = _section(path, "Container")
        named = [each.partition(":")[0] for each in (*container["Network"], *container["Volume"])]
        units = [each for each in named if each.endswith((".network", ".volume"))]
        assert [each for each in units if not (_FOLDER / each).is_file()] == [], path.name
