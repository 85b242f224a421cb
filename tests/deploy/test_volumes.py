"""No command that this product prints, or ships, removes a volume: that is all of a customer's data."""

import re

from tests.architecture.source import ROOT

_REMOVES = re.compile(
    r"(?:compose|docker-compose)\b.*\bdown\b.*(?:\s-\w*v\w*\b|--volumes)|\bvolumes?\s+(?:rm|remove|prune)\b"
    r"|\bsystem\s+(?:prune|reset)\b|\brm\b.*(?:\s-\w*v\w*\b|--volumes)\s.*(?:docker|podman)|(?:docker|podman)\s+rm\s+-\w*v"
)
_KINDS = (".md", ".py", ".sh", ".yaml", ".yml", ".container", ".txt", "Makefile", "Dockerfile")


def test_no_printed_command_removes_a_volume() -> None:
    for wrong in (
        "docker compose down -v",
        "docker compose down --volumes",
        "podman volume rm x",
        "docker system prune -a",
    ):
        assert _REMOVES.search(wrong), wrong
    folders = ("docs", "docker", "portal", "fleet_ingest", "scripts", ".github")
    files = [
        *ROOT.glob("*.md"),
        ROOT / "Makefile",
        *(path for folder in folders for path in (ROOT / folder).rglob("*") if path.name.endswith(_KINDS)),
    ]
    assert len(files) > 100
    found = [
        f"{path}: {line}"
        for path in files
        for line in path.read_text("utf-8").splitlines()
        if _REMOVES.search(line)
    ]
    assert found == []
