"""How a run of several processes is shared out: a file stays together, and the longest begin.

What a file's tests share (a browser, a server, a stack) is made once for them, and no process is left alone at the
end with something long. There are two processes more than the machine has cores, because many tests wait, and four at
most, because each has a database server of its own, and often stacks and a browser; all but two take those that need no
browser first, so that the stacks of the end-to-end tests are started twice and not four times.
"""

import os
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

ROOT = Path(__file__).parent
# The first of all, in this order; `--durations` says which they are. Those that wait come before those that compute.
LONGEST = (
    "e2e",
    "integration/commands",
    "integration/server",
    "integration/demo/test_run.py",
    "chaos",
    "integration/faults",
    "integration/fleet_ingest/test_schema.py",
    "documents/test_documents.py",
    "firmware/test_micropython.py",
    "integration/push",
    "integration/energy",
    "integration",
    "architecture",
    "contract",
)
# Nothing is shared by their tests, and each takes long.
APART = ("chaos", "integration/demo/test_run.py", "integration/fleet_ingest/test_schema.py")
# One after the other in one process: they ask the same fresh interpreters.
TOGETHER = "architecture"
_WITH_BROWSERS = "tests/e2e/"
_PROCESSES_WITH_BROWSERS = 2
_MORE_THAN_CORES, _MOST_PROCESSES = 2, 4


def processes() -> int:
    """Return how many processes the tests of this machine run in."""
    return min(len(os.sched_getaffinity(0)) + _MORE_THAN_CORES, _MOST_PROCESSES)


class LongestFirst(LoadScopeScheduling):
    """Files as a whole, in the order of the collection."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        path = file.removeprefix("tests/")
        if path.startswith(f"{TOGETHER}/"):
            return TOGETHER
        return file if rank_in(APART, path) is None else nodeid

    def _assign_work_unit(self, node: WorkerController) -> None:
        if int(node.gateway.id.removeprefix("gw")) >= _PROCESSES_WITH_BROWSERS:
            other = (unit for unit in self.workqueue if not unit.startswith(_WITH_BROWSERS))
            if (found := next(other, None)) is not None:
                self.workqueue.move_to_end(found, last=False)
        super()._assign_work_unit(node)


def rank(item: pytest.Item) -> int:
    """Return where the file of a test stands among the longest."""
    found = rank_in(LONGEST, item.path.relative_to(ROOT).as_posix())
    return len(LONGEST) if found is None else found


def rank_in(paths: tuple[str, ...], file: str) -> int | None:
    """Return the first place at which a file, or a directory it is in, stands."""
    return next((n for n, path in enumerate(paths) if file == path or file.startswith(f"{path}/")), None)
