"""`power_measurements` is a view for people and their tools; the product asks for readings by small keys."""

from __future__ import annotations

import re

from tests.architecture.source import product

_VIEW = re.compile(r"\bpower_measurements(_wide)?\b")
_MAKERS = {
    "portal/core/database/layout.py": "lists every table and view",
    "portal/core/database/reporting.py": "makes the view by which other programs read it",
    "portal/core/database/timescale/convert.py": "makes views again that hang on a table it replaces",
    "portal/core/readings/queries/readings_view.py": "makes the view",
}
_MOVERS = {
    "portal/core/database/layout.py": "lists every table and view",
    "portal/core/database/limited.py": "closes it to limited operators",
    "portal/core/database/plain/partitions.py": "drops its weeks once they are empty",
    "portal/core/database/timescale/chunks.py": "names its chunks, of which a customer that leaves is deleted",
    "portal/core/database/timescale/kept_hours.py": "keeps figures of hours that are still to be moved",
    "portal/core/database/timescale/moved_chunks.py": "drops what has been moved",
    "portal/core/database/timescale/probe.py": "asks which engine an earlier release kept its readings with",
    "portal/core/readings/queries/readings_in_order.py": "reads both, some of a device",
    "portal/core/readings/queries/readings_view.py": "shows what is still to be moved",
    "portal/core/readings/queries/wide_moves.py": "moves it",
    "portal/core/readings/queries/wide_progress.py": "says how much is left",
    "portal/core/readings/queries/wide_rows.py": "moves it",
}


def _naming(name: str) -> set[str]:
    return {
        source.path for source in product() if any(found[0] == name for found in _VIEW.finditer(source.text))
    }


def test_nothing_asks_the_view() -> None:
    """Through it a device's last reading takes as long as all of its readings do."""
    assert _naming("power_measurements") == set(_MAKERS)


def test_nothing_but_the_move_asks_the_table_of_earlier_releases() -> None:
    assert _naming("power_measurements_wide") == set(_MOVERS)
