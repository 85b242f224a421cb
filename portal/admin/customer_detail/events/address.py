"""The tab with the ingest events in its address: `/customers/ID?tab=events&type=measurements&problem=1&span=7d`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from portal.core.exchange.batches import BatchType
from portal.core.fleet.service.fleet_views import EventFilter
from portal.core.values.time import iso_utc, parse_instant

DAY: Final = "24h"
SPANS: Final = {
    DAY: (timedelta(hours=24), timedelta(minutes=15)),
    "7d": (timedelta(days=7), timedelta(hours=2)),
    "30d": (timedelta(days=30), timedelta(hours=6)),
}
"""How far back, and how wide the bars of the chart are then."""
_LONGEST_INSTANT = 40


@dataclass(frozen=True)
class BatchesAsked:
    """Which batches are shown: of a type ("" is all), with a problem or all, of a span, from an instant backwards."""

    batch_type: str = ""
    only_problems: bool = False
    span: str = DAY
    before: datetime | None = None

    @property
    def length(self) -> timedelta:
        """How far back it goes."""
        return SPANS[self.span][0]

    @property
    def width(self) -> timedelta:
        """How wide a bar is."""
        return SPANS[self.span][1]

    def filter_at(self, now: datetime) -> EventFilter:
        """Return the filter of the list at an aware instant."""
        return EventFilter(
            before=self.before,
            batch_type=self.batch_type or None,
            only_problems=self.only_problems,
            since=self.since(now),
        )

    def since(self, now: datetime) -> datetime:
        """Return the first instant that is shown: where a bar begins."""
        first = now - self.length
        return first - timedelta(seconds=first.timestamp() % self.width.total_seconds())


def events_in(query: Mapping[str, str]) -> BatchesAsked:
    """What an address asks for; what it does not know it leaves out."""
    batch_type, span = query.get("type", ""), query.get("span", "")
    return BatchesAsked(
        batch_type=batch_type if batch_type in set(BatchType) else "",
        only_problems=query.get("problem") == "1",
        span=span if span in SPANS else DAY,
        before=_instant(query.get("before", "")),
    )


def events_address(customer_id: str, asked: BatchesAsked) -> str:
    """The address of what is asked."""
    given = {
        "tab": "events",
        "type": asked.batch_type,
        "problem": "1" if asked.only_problems else "",
        "span": "" if asked.span == DAY else asked.span,
        "before": "" if asked.before is None else iso_utc(asked.before),
    }
    return f"/customers/{customer_id}?{urlencode({name: value for name, value in given.items() if value})}"


def chosen(asked: BatchesAsked, step: str, value: str) -> BatchesAsked:
    """The same with another choice: `step` is "type", "problem" or "span"; the list begins anew."""
    given = {"type": asked.batch_type, "problem": "1" if asked.only_problems else "", "span": asked.span}
    return replace(events_in(given | {step: value}), before=None)


def before_in(asked: BatchesAsked, text: str) -> BatchesAsked:
    """The same from an instant backwards, as an address has it."""
    return replace(asked, before=_instant(text))


def _instant(text: str) -> datetime | None:
    try:
        return parse_instant(text) if text and len(text) <= _LONGEST_INSTANT else None
    except ValueError:
        return None
