"""What the tab with the ingest events shows, as texts."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, TypedDict
from zoneinfo import ZoneInfo

from portal.core.fleet.rules.refused_pushes import problems_in
from portal.core.fleet.service.fleet_views import IngestEventLine
from portal.core.fleet.service.push_history import PushBucket, PushHistory
from portal.core.history.rules.buckets import TimeSpan
from portal.core.languages import tr
from portal.core.values.time import iso_utc
from portal.core.words import noted
from portal.features.cost.time_bars import TimeBar, ValueWords, draw_bars, scale_for, share_of_span
from portal.ui import formats
from portal.ui.plotted import NO_BARS, Drawn

_NONE: Final = "\u2013"
_ACCEPTED: Final = 200
_KILO: Final = 1000
_STORED, _REJECTED = noted("Stored"), noted("Rejected")
_HUES: Final[dict[str | None, str]] = {_STORED: "var(--accent-9)", _REJECTED: "var(--ui-peak)"}


class BatchRow(TypedDict):
    """A batch: `received` on the clock of the shown zone; `problems` are its rejected rows with their reasons."""

    id: str
    received: str
    received_utc: str
    batch_type: str
    stored: str
    rejected: str
    size: str
    cursor: str
    spread: str
    status: str
    words: str
    tone: str
    problems: list[str]


class PushFigures(TypedDict):
    """The four figures, each with its note."""

    last: str
    last_note: str
    refused: str
    refused_note: str
    stored: str
    stored_note: str
    rejected: str
    rejected_note: str


class StrangerRow(TypedDict):
    """Pushes with a token that nobody has."""

    token: str
    address: str
    last: str
    pushes: str
    batch_type: str


NO_FIGURES: Final[PushFigures] = {
    "last": _NONE, "last_note": "", "refused": _NONE, "refused_note": "", "stored": _NONE, "stored_note": "",
    "rejected": _NONE, "rejected_note": "",
}  # fmt: skip


def build_events(lines: Iterable[IngestEventLine], zone: str, now: datetime) -> list[BatchRow]:
    """The batches as rows; `zone` is the one times are shown in."""
    return [_event(line, ZoneInfo(zone), now) for line in lines]


def build_figures(history: PushHistory, zone: str, now: datetime) -> PushFigures:
    """The four figures."""
    stored = sum(bucket.rows_accepted for bucket in history.buckets)
    rejected = sum(bucket.rows_rejected for bucket in history.buckets)
    batches = sum(bucket.batches - bucket.refused_batches for bucket in history.buckets)
    last, refusals = history.last_stored, history.refusals
    share = Decimal(rejected * 100) / (stored + rejected) if stored + rejected else None
    return {
        "last": _NONE if last is None else _clock(last.received_at, ZoneInfo(zone), now),
        "last_note": tr("nothing was ever stored")
        if last is None
        else tr(
            "{received_at}, {row} of {batch_type}",
            received_at=formats.relative(last.received_at, now),
            row=formats.counted(last.rows_accepted, "{count} row", "{count} rows"),
            batch_type=last.batch_type,
        ),
        "refused": formats.number(sum(refusal.refused for refusal in refusals), 0),
        "refused_note": _refused_note(history, zone),
        "stored": formats.number(stored, 0),
        "stored_note": formats.counted(batches, "{count} batch", "{count} batches"),
        "rejected": formats.number(rejected, 0),
        "rejected_note": "" if share is None else f"{formats.number(share, 3)}\u00a0%",
    }


def _refused_note(history: PushHistory, zone: str) -> str:
    if not history.refusals:
        return tr("nothing is refused")
    first = min(refusal.first_at for refusal in history.refusals)
    kinds = ", ".join(sorted({str(refusal.status) for refusal in history.refusals}))
    return tr("{kinds}, since {first}", kinds=kinds, first=formats.near_time(first, zone))


def draw_history(history: PushHistory, zone: str, now: datetime) -> Drawn:
    """The rows that were stored and rejected, and the batches that were refused, as bars over the span."""
    span = TimeSpan(history.since, now)
    bars = [_bar(bucket, history.width, ZoneInfo(zone), now) for bucket in history.buckets]
    if not bars:
        return NO_BARS
    drawn = draw_bars(bars, span, ZoneInfo(zone), ValueWords("rows", decimals=0), scale_for(bars), _HUES)
    return drawn | {
        "gaps": _silences(history.buckets, span, history.width),
        "legend": [{"hue": hue, "label": label} for label, hue in _HUES.items()],
    }


def _bar(bucket: PushBucket, width: timedelta, zone: ZoneInfo, now: datetime) -> TimeBar:
    end_at = min(bucket.at + width, now)
    refused = bucket.refused_batches
    said = (
        tr(", {batch} refused", batch=formats.counted(refused, "{count} batch", "{count} batches"))
        if refused
        else ""
    )
    local = bucket.at.astimezone(zone)
    return TimeBar(
        bucket.at,
        end_at,
        {_STORED: float(bucket.rows_accepted), _REJECTED: float(bucket.rows_rejected)},
        title=f"{formats.day_of_month(local)}, {local:%H:%M}{said}",
        key=iso_utc(bucket.at + width),
    )


def _silences(buckets: Sequence[PushBucket], span: TimeSpan, width: timedelta) -> list[dict[str, object]]:
    """Where nothing was stored for longer than four bars, up to now."""
    found: list[dict[str, object]] = []
    ends = [span.from_at, *(bucket.at + width for bucket in buckets if bucket.rows_accepted)]
    begins = [*(bucket.at for bucket in buckets if bucket.rows_accepted), span.to_at]
    for from_at, to_at in zip(ends, begins, strict=True):
        if to_at - from_at > 4 * width:
            first, last = share_of_span(from_at, span), share_of_span(to_at, span)
            found.append({"x": first, "w": last - first, "h": 1, "words": tr("nothing was stored")})
    return found


def strangers(history: PushHistory, now: datetime) -> list[StrangerRow]:
    """Pushes of the last day with tokens that nobody has."""
    return [
        {
            "token": tr("ends in {token_last4}", token_last4=each.token_last4)
            if each.token_last4
            else _length_words(each.token_length),
            "address": each.address or _NONE,
            "last": formats.relative(each.last_at, now),
            "pushes": formats.number(each.pushes, 0),
            "batch_type": each.batch_type,
        }
        for each in history.unknown
    ]


def _length_words(length: int) -> str:
    return (
        tr("no token")
        if length == 0
        else tr(
            "a token of {character}",
            character=formats.counted(length, "{count} character", "{count} characters"),
        )
    )


def _event(line: IngestEventLine, zone: ZoneInfo, now: datetime) -> BatchRow:
    is_refused = line.error is not None
    status = line.status or (_ACCEPTED if not is_refused else 0)
    return {
        "id": str(line.id),
        "received": _clock(line.received_at, zone, now, has_seconds=True),
        "received_utc": formats.utc_time(line.received_at),
        "batch_type": line.batch_type or _NONE,
        "stored": _NONE if is_refused else formats.number(line.rows_accepted, 0),
        "rejected": _NONE if is_refused else formats.number(line.rows_rejected, 0),
        "size": size_words(line.batch_bytes),
        "cursor": line.client_hwm or _NONE,
        "spread": spread_words(line.time_spread),
        "status": str(status) if status else tr("refused"),
        "words": line.error
        or (
            tr("{row} rejected", row=formats.counted(line.rows_rejected, "{count} row", "{count} rows"))
            if line.rows_rejected
            else ""
        ),
        "tone": "fail" if is_refused else "warn" if line.rows_rejected else "ok",
        "problems": [
            tr("Row {number}: {reason}", number=number, reason=reason)
            for number, reason in problems_in(line.problems)
        ],
    }


def _clock(at: datetime, zone: ZoneInfo, now: datetime, *, has_seconds: bool = False) -> str:
    local = at.astimezone(zone)
    text = f"{local:%H:%M:%S}" if has_seconds else f"{local:%H:%M}"
    return text if local.date() == now.astimezone(zone).date() else f"{formats.day_of_month(local)} {text}"


def size_words(size: int) -> str:
    """Bytes as people say them: `12 kB`."""
    if size < _KILO:
        return f"{size}\u00a0B"
    if size < _KILO * _KILO:
        return tr("{size}\u00a0kB", size=formats.number(size / _KILO, 1 if size < 10 * _KILO else 0))
    return f"{formats.number(size / _KILO / _KILO, 1)}\u00a0MB"


def spread_words(spread: timedelta | None) -> str:
    """How far apart the readings of a batch are: `60 s`, `1 h 04 min`, `3 days`."""
    if spread is None:
        return _NONE
    seconds = round(spread.total_seconds())
    if seconds < 120:
        return f"{seconds}\u00a0s"
    minutes, hours = seconds // 60 % 60, seconds // 3600
    if hours == 0:
        return f"{minutes}\u00a0min"
    return (
        f"{hours}\u00a0h\u00a0{minutes:02}\u00a0min" if hours < 48 else tr("{hours} days", hours=hours // 24)
    )


def count_words(shown: int, total: int) -> str:
    """How many of how many batches are shown."""
    if not total:
        return ""
    return tr(
        "{shown} of {batch}",
        shown=formats.number(shown, 0),
        batch=formats.counted(total, "{count} batch", "{count} batches"),
    )


def new_words(shown: Sequence[str], fresh: Sequence[str]) -> str:
    """How many batches have come since the list was read, by their ids, newest first; empty where none has."""
    known = set(shown)
    new = next((index for index, each in enumerate(fresh) if each in known), len(fresh))
    if not new or not shown:
        return ""
    more = tr(" or more") if new == len(fresh) else ""
    return tr("{new}{more} new", new=new, more=more)
