"""Alerts go by figures that exist, fire when they should, and lead to a heading of the operations guide."""

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from tests.architecture.source import ROOT
from tests.architecture.test_documents import _anchors

_FOLDER = ROOT / "docker/prometheus"
_OWN = {"up", "process_open_fds", "process_max_fds"}  # Prometheus' and its library's
NO_PROMTOOL = "PROMTOOL IS NOT INSTALLED, so alerts are not tried out. On Debian: apt-get install prometheus"
NO_AMTOOL = "AMTOOL IS NOT INSTALLED. On Debian: apt-get install prometheus-alertmanager"


def _loaded(name: str) -> Any:
    return yaml.safe_load((_FOLDER / name).read_text("utf-8"))


ALERTS = {rule["alert"]: rule for group in _loaded("alerts.yaml")["groups"] for rule in group["rules"]}


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=_FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("promtool") is None, reason=NO_PROMTOOL)
def test_alerts_fire_when_they_should_and_not_before() -> None:
    _run("promtool", "check", "rules", "alerts.yaml")
    _run("promtool", "check", "config", "--syntax-only", "prometheus.yaml")
    _run("promtool", "test", "rules", "alerts_test.yaml")


@pytest.mark.skipif(shutil.which("amtool") is None, reason=NO_AMTOOL)
def test_alertmanager_takes_its_example() -> None:
    _run("amtool", "check-config", "alertmanager.yaml")


def test_every_alert_is_tried_out_with_a_case_in_which_it_fires() -> None:
    fired = {
        case["alertname"]
        for test in _loaded("alerts_test.yaml")["tests"]
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }
    assert sorted(ALERTS.keys() - fired) == []


def test_alerts_ask_for_figures_that_are_told_of() -> None:
    told = set(re.findall(r"`((?:portal|process)_\w+)", (ROOT / "docs/operations.md").read_text("utf-8")))
    asked = {
        name
        for rule in ALERTS.values()
        for name in re.findall(r"\b(?:up|(?:portal|process)_\w+)\b", rule["expr"])
    }
    assert len(asked) > 15, "the names were not found"
    assert sorted(asked - told - _OWN) == []


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_an_alert_says_how_bad_it_is_and_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("critical", "warning")
    document, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert anchor in _anchors((ROOT / "docs" / document).read_text("utf-8"))
