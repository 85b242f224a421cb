"""Writes the dashboards as Grafana reads them: `python -m grafana.generate`, or `make grafana`."""

import json
from pathlib import Path

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.boards import customer_drilldown, fleet_overview, power_overview
from grafana.of_the_service import stacks

DIRECTORY = Path(__file__).parent / "dashboards"


def boards() -> dict[str, Dashboard]:
    """The dashboards by the path of their file below `dashboards`."""
    return {
        "client/power-overview.json": power_overview(),
        "admin/fleet-overview.json": fleet_overview(),
        "admin/customer-drilldown.json": customer_drilldown(),
        "service/stacks.json": stacks(),
    }


def written(board: Dashboard) -> str:
    """A dashboard as its file holds it."""
    return json.dumps(board.build(), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, made in boards().items():
        (DIRECTORY / name).write_text(written(made), encoding="utf-8")
