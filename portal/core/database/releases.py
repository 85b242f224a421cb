"""Which release made a schema: the heads of the migrations that each release brought.

A line is added when a release is cut (CONTRIBUTING.md). Releases change a schema by migrations alone, so that what any
of them left is brought to the present one in one step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portal.core.settings import RunMode

if TYPE_CHECKING:
    from collections.abc import Collection


class Release(NamedTuple):
    """A release and the last migration of each branch that it knew."""

    version: str
    shared: str
    admin: str
    client: str

    def heads(self, mode: RunMode) -> frozenset[str]:
        """Return the revisions that a database of this run mode notes."""
        own = self.admin if mode is RunMode.ADMIN else self.client
        # The first of a run mode stands on the first shared one, which is not noted beside it.
        return frozenset((own,) if own.endswith("_0001") else (own, self.shared))


# The oldest first.
RELEASES = (
    Release("0.1.0", "shared_0001", "admin_0001", "client_0001"),
    Release("0.2.0", "shared_0003", "admin_0003", "client_0004"),
    Release("0.3.0", "shared_0006", "admin_0010", "client_0013"),
    Release("0.4.0", "shared_0006", "admin_0015", "client_0019"),
)


def release_of(mode: RunMode, revisions: Collection[str]) -> str | None:
    """Return the newest release that leaves a database of this run mode at these revisions; None for none of them."""
    found = [release.version for release in RELEASES if release.heads(mode) == frozenset(revisions)]
    return found[-1] if found else None
