"""The compose files are what their schema allows and what a stack in production needs."""

import json
import re
from pathlib import Path
from typing import Any

import compose_spec
import pytest
import yaml

from portal.core.settings import RunMode, setting_names
from tests.architecture.source import ROOT
from tests.deploy.compose_files import filled_in

FILES = sorted((ROOT / "docker").rglob("compose*.yaml"))
STACK = ROOT / "docker/compose.yaml"
GIVEN = {
    "COMPOSE_PROJECT_NAME": "acme",
    "RUN_MODE": "Client",
    "PORTAL_IMAGE": "energy-portal:1.0.0",
    "STACK_HOST": "acme.example.com",
    "ADMIN_EMAIL": "alice@example.com",
    "EDGE_PROXY_ADDRESS": "172.30.0.2",
    "ACME_EMAIL": "olga@example.com",
}
SECRETS = ("password", "token", "key")


@pytest.fixture(scope="module")
def stack() -> dict[str, Any]:
    return filled_in(STACK, GIVEN)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_compose_file_fits_the_schema_of_compose(path: Path) -> None:
    made = filled_in(path, GIVEN)
    read = _read(made)
    read.validate()
    assert set(read.service_names()) == set(made["services"])
    broken = {**made, "services": {**made["services"], "odd": {"image": "x", "portz": []}}}
    with pytest.raises(Exception, match="portz"):
        _read(broken)


def _read(made: dict[str, Any]) -> compose_spec.PyCompose:
    # The library has a tag or a digest in a name; engines go by the digest then, and the tag says what it is.
    return compose_spec.PyCompose.from_json(re.sub(r":[\w.-]+@sha256:", "@sha256:", json.dumps(made)))


def test_what_has_to_be_given_is_asked_for_by_name() -> None:
    for name in set(GIVEN) - {"ACME_EMAIL"}:
        with pytest.raises(KeyError, match=name):
            filled_in(STACK, {other: value for other, value in GIVEN.items() if other != name})


def test_no_port_of_a_stack_is_published(stack: dict[str, Any]) -> None:
    assert {name for name, service in stack["services"].items() if "ports" in service} == set()
    assert stack["networks"]["inside"]["internal"] is True
    assert stack["services"]["database"]["networks"] == ["inside"]


def test_every_service_is_bounded_and_may_do_little(stack: dict[str, Any]) -> None:
    for name, service in stack["services"].items():
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert service["logging"]["options"]["max-size"], name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == ("no" if name == "upgrade" else "unless-stopped"), name


def test_nothing_of_a_release_serves_before_its_upgrade_went_well(stack: dict[str, Any]) -> None:
    services = stack["services"]
    assert services["upgrade"]["command"] == ["upgrade", "--wait", "60"]
    for name in ("portal", "ingest"):
        assert services[name]["image"] == services["upgrade"]["image"]
        assert services[name]["depends_on"]["upgrade"] == {"condition": "service_completed_successfully"}, (
            name
        )
    # The backup lies where the stack's data does, which outlives the container.
    assert services["upgrade"]["volumes"] == services["portal"]["volumes"] == ["portal:/data"]


def test_every_image_has_a_version(stack: dict[str, Any]) -> None:
    for path in FILES:
        for service in filled_in(path, GIVEN)["services"].values():
            assert re.search(r":(?!latest)[\w.-]*\d", service["image"]) or service.get("build"), service[
                "image"
            ]
    assert re.search(r"timescaledb:[\d.]+-pg\d+@sha256:[0-9a-f]{64}$", stack["services"]["database"]["image"])
    assert ":11.6." in stack["services"]["grafana"]["image"]


def test_settings_are_real_ones_and_secrets_are_files(stack: dict[str, Any]) -> None:
    known = {name.lower() for name in setting_names()}
    for name in ("portal", "ingest", "upgrade"):
        service = stack["services"][name]
        for setting, value in service["environment"].items():
            assert setting.lower().removesuffix("_file") in known, setting
            if setting.endswith("_FILE"):
                assert value.removeprefix("/run/secrets/") in service["secrets"], setting
            elif value:
                assert not setting.lower().endswith(SECRETS), setting
    assert set(stack["secrets"]) == {
        name for service in stack["services"].values() for name in service.get("secrets", ())
    }
    assert all(secret["file"] == f"./secrets/{name}" for name, secret in stack["secrets"].items())


@pytest.mark.parametrize("mode", list(RunMode))
def test_one_file_serves_both_run_modes(mode: RunMode) -> None:
    made = filled_in(STACK, GIVEN | {"RUN_MODE": mode.value})
    assert made["services"]["portal"]["environment"]["Application__RunMode"] == mode.value


def test_a_readers_memory_of_labels_is_not_needed(stack: dict[str, Any]) -> None:
    """What labels name exists: middlewares and transports of this file, or of Traefik's own."""
    shared = yaml.safe_load((ROOT / "docker/traefik/shared.yaml").read_text("utf-8"))["http"]
    own = {f"{name}@file" for kind in shared.values() for name in kind}
    labels = [label for service in stack["services"].values() for label in service.get("labels", ())]
    made = {
        match[1] for label in labels if (match := re.match(r"traefik\.http\.middlewares\.([\w-]+)\.", label))
    }
    named = {
        name
        for label in labels
        if re.search(r"\.(middlewares|serversTransport)=", label)
        for name in label.partition("=")[2].split(",")
    }
    assert named, "no label names anything"
    assert named - own - made == set()
