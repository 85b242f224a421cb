"""How a run of several processes is shared out: a file stays together, and the longest begin.

What a file's tests share (a browser, a server, a stack) is made once for them, and no process is left alone at the
end with something long.
"""

from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parent
# The first of all, in this order; `--durations` says which they are.
LONGEST = (
    "e2e",
    "integration/demo/test_run.py",
    "integration/fleet_ingest/test_schema.py",
    "integration/server",
    "integration/storage/test_energy_law.py",
    "documents/test_documents.py",
    "integration/push",
    "integration/faults",
    "chaos",
    "integration",
    "contract",
    "architecture",
)
# Nothing is shared by their tests, and each takes long.
APART = ("chaos", "integration/demo/test_run.py", "integration/fleet_ingest/test_schema.py")


# One after the other in one process: they ask the same fresh interpreters.
TOGETHER = "tests/architecture"


class LongestFirst(LoadScopeScheduling):
    """Files as a whole, in the order of the collection."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.startswith(f"{TOGETHER}/"):
            return TOGETHER
        return nodeid if _is_among(APART, file.removeprefix("tests/")) is not None else file


def rank(item: pytest.Item) -> int:
    """Where the file of a test stands among the longest."""
    place = _is_among(LONGEST, item.path.relative_to(ROOT).as_posix())
    return len(LONGEST) if place is None else place


def _is_among(places: tuple[str, ...], file: str) -> int | None:
    return next((n for n, place in enumerate(places) if file == place or file.startswith(f"{place}/")), None)
