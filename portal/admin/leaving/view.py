"""How far a customer's leaving is, as texts."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, TypedDict

from portal.core.fleet.service.customer_export import LastExport
from portal.core.fleet.service.decommission import LeavingCustomer
from portal.ui import formats


class LeavingRow(TypedDict):
    """A customer that leaves or has left."""

    number: str
    status: str
    tone: str
    begun: str
    begun_utc: str
    rows: str
    exported: str


class ExportWords(TypedDict):
    """What is said of the last export; empty where there was none."""

    when: str
    detail: str
    tone: str


NO_EXPORT: Final[ExportWords] = {"when": "Not exported yet", "detail": "", "tone": "neutral"}


def build_rows(found: Iterable[LeavingCustomer], zone: str) -> list[LeavingRow]:
    """Return a row for each of them."""
    return [
        {
            "number": f"Customer {each.number}",
            "status": status_of(each)[0],
            "tone": status_of(each)[1],
            "begun": formats.local_time(each.begun_at, zone),
            "begun_utc": formats.utc_time(each.begun_at),
            "rows": formats.count(each.rows_deleted, "row"),
            "exported": "No" if each.manifest_sha256 is None else f"Manifest {each.manifest_sha256[:12]}…",
        }
        for each in found
    ]


def status_of(state: LeavingCustomer) -> tuple[str, str]:
    """Return how far it is, in a word or two, and the tone of it."""
    if state.deleted_at is None:
        return "Being deleted", "warn"
    if state.finished_at is None:
        return "Deleted, giving back space", "ok"
    return "Has left", "ok"


def export_words(last: LastExport | None, now: datetime) -> ExportWords:
    """Return what is said of the last export."""
    if last is None:
        return NO_EXPORT
    if not last.is_current:
        return {
            "when": f"Exported {formats.relative(last.finished_at, now)}, and pushed to since",
            "detail": "Export again, so that nothing is missing.",
            "tone": "warn",
        }
    return {
        "when": f"Exported {formats.relative(last.finished_at, now)}",
        "detail": f"{formats.count(last.rows, 'row')}; SHA-256 of manifest.json: {last.manifest_sha256}",
        "tone": "ok",
    }
