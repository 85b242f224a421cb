"""What a tick of the push tells of itself."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class ResourceReport:
    """What one tick did for one resource: rows, and why it ended early if it did."""

    resource: str
    batches: int = 0
    sent: int = 0
    accepted: int = 0
    rejected: int = 0
    error: str | None = None
    skipped: str | None = None


@dataclass
class TickReport:
    """What one tick did, and what is left: readings waiting, readings refused and kept, rows given up.

    `conflicts` are the values beside readings that wait.

    `behind` says why nothing was sent where the Admin holds what this stack does not.
    """

    resources: list[ResourceReport] = field(default_factory=list)
    pending_rows: int = 0
    retry_rows: int = 0
    dead_letters: int = 0
    conflicts: int = 0
    behind: str | None = None
