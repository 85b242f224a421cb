"""The dashboards in the repository are those that the code writes, and what Grafana 11.6 takes."""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana.generate import DIRECTORY, boards, written
from tests.architecture.source import ROOT

FILES = {path.relative_to(DIRECTORY).as_posix(): path for path in sorted(DIRECTORY.rglob("*.json"))}


def _made(name: str) -> dict[str, Any]:
    return json.loads(FILES[name].read_text("utf-8"))


def test_every_dashboard_is_written_by_the_code() -> None:
    assert sorted(boards()) == sorted(FILES)
    assert {
        "client/power-overview.json",
        "admin/fleet-overview.json",
        "admin/customer-drilldown.json",
    } <= set(FILES)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_is_what_the_code_writes(name: str) -> None:
    assert written(boards()[name]) == FILES[name].read_text("utf-8"), "run `make grafana`"


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_schema_of_the_sdk_knows_all_that_is_in_a_file(name: str) -> None:
    register_default_plugins()
    read = json.loads(json.dumps(Dashboard.from_json(_made(name)), cls=JSONEncoder))
    assert _lost(_made(name), read) == []


def _lost(made: Any, read: Any, path: str = "") -> list[str]:
    """Where something was written that the schema has no place for; it fills in defaults of its own."""
    if isinstance(made, dict) and isinstance(read, dict):
        return [each for key in made for each in _lost(made[key], read.get(key), f"{path}/{key}")]
    if isinstance(made, list) and isinstance(read, list) and len(made) == len(read):
        return [
            each
            for n, pair in enumerate(zip(made, read, strict=True))
            for each in _lost(*pair, f"{path}/{n}")
        ]
    return [] if made == read else [path]


@pytest.mark.parametrize("name", sorted(FILES))
def test_no_two_panels_have_a_number_or_lie_over_each_other(name: str) -> None:
    panels = _made(name)["panels"]
    numbers = [panel["id"] for panel in panels]
    assert numbers == sorted(set(numbers))
    for one, other in combinations((panel["gridPos"] for panel in panels), 2):
        is_apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert is_apart, f"{one} lies over {other}"
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)


def test_panels_ask_the_datasource_that_is_provisioned() -> None:
    [source] = yaml.safe_load((ROOT / "grafana/provisioning/datasources/portal.yaml").read_text("utf-8"))[
        "datasources"
    ]
    for name in FILES:
        if name.startswith("service/"):
            continue
        for panel in _made(name)["panels"]:
            for target in panel["targets"]:
                assert target["datasource"] == {"type": source["type"], "uid": source["uid"]}


def test_panels_read_the_views_that_are_made_for_them() -> None:
    for name in FILES:
        for panel in _made(name)["panels"]:
            for target in panel["targets"]:
                tables = re.findall(r"\b(?:FROM|JOIN) +(?!LATERAL|\()([\w.]+)", target.get("rawSql", ""))
                assert [table for table in tables if not table.startswith("reporting.")] == []


def test_what_the_service_is_asked_for_is_told_of() -> None:
    told = (ROOT / "docs/operations.md").read_text("utf-8")
    for panel in _made("service/stacks.json")["panels"]:
        for target in panel["targets"]:
            for asked in re.findall(r"\bportal_\w+", target["expr"]):
                assert f"`{asked.removesuffix('_bucket')}" in told, asked


def test_dashboards_are_where_the_provisioning_looks() -> None:
    provider = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/portal.yaml").read_text("utf-8"))
    [folder] = {each["options"]["path"] for each in provider["providers"]}
    compose = (ROOT / "docker/compose.yaml").read_text("utf-8")
    assert f":{folder}:ro" in compose
    assert not Path(folder).is_relative_to("/var/lib/grafana"), "a volume lies over it"
