"""How far a customer's leaving is, as texts."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, TypedDict

from portal.core.fleet.service.customer_export import LastExport
from portal.core.fleet.service.decommission import LeavingCustomer
from portal.core.languages import tr
from portal.core.words import noted
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


NO_EXPORT: Final[ExportWords] = {"when": noted("Not exported yet"), "detail": "", "tone": "neutral"}


def build_rows(found: Iterable[LeavingCustomer], zone: str) -> list[LeavingRow]:
    """Return a row for each of them."""
    return [
        {
            "number": tr("Customer {number}", number=each.number),
            "status": status_of(each)[0],
            "tone": status_of(each)[1],
            "begun": formats.local_time(each.begun_at, zone),
            "begun_utc": formats.utc_time(each.begun_at),
            "rows": formats.counted(each.rows_deleted, "{count} row", "{count} rows"),
            "exported": tr("No")
            if each.manifest_sha256 is None
            else tr("Manifest {manifest_sha256}…", manifest_sha256=each.manifest_sha256[:12]),
        }
        for each in found
    ]


def status_of(state: LeavingCustomer) -> tuple[str, str]:
    """Return how far it is, in a word or two, and the tone of it."""
    if state.deleted_at is None:
        return tr("Being deleted"), "warn"
    if state.finished_at is None:
        return tr("Deleted, giving back space"), "ok"
    return tr("Has left"), "ok"


def export_words(last: LastExport | None, now: datetime) -> ExportWords:
    """Return what is said of the last export."""
    if last is None:
        return {**NO_EXPORT, "when": tr(NO_EXPORT["when"])}
    if not last.is_current:
        return {
            "when": tr(
                "Exported {finished_at}, and pushed to since",
                finished_at=formats.relative(last.finished_at, now),
            ),
            "detail": tr("Export again, so that nothing is missing."),
            "tone": "warn",
        }
    return {
        "when": tr("Exported {finished_at}", finished_at=formats.relative(last.finished_at, now)),
        "detail": tr(
            "{row}; SHA-256 of manifest.json: {manifest_sha256}",
            row=formats.counted(last.rows, "{count} row", "{count} rows"),
            manifest_sha256=last.manifest_sha256,
        ),
        "tone": "ok",
    }
