"""The address of the page of charts: all that is chosen on it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.client.nav import DASHBOARDS
from portal.core.history.rules.buckets import TimeSpan
from portal.core.history.rules.charts import CHART_KINDS
from portal.core.values.time import FIRST_YEAR, LAST_YEAR, iso_utc, local_midnight, parse_instant
from portal.core.words import noted

RANGES: Final = (
    ("day", noted("Day")),
    ("week", noted("Week")),
    ("month", noted("Month")),
    ("year", noted("Year")),
    ("decade", noted("10 years")),
)
COMPARISONS: Final = (
    ("", noted("no comparison")),
    ("day", noted("against the day before")),
    ("week", noted("against the week before")),
    ("month", noted("against four weeks before")),
    ("year", noted("against 52 weeks before")),
)
USUAL_KINDS: Final = ("power", "voltage", "power-factor")
_BACK = {"day": 1, "week": 7, "month": 28, "year": 364}
_DECADE = 10
_SHORTEST = timedelta(minutes=10)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What an address chooses; the defaults are what is shown where it says nothing.

    `span_name` is one of RANGES around the day `on` (None: today), or `zoom` a stretch of time instead of it.
    """

    meters: tuple[UUID, ...] = ()
    sites: tuple[UUID, ...] = ()
    kinds: tuple[str, ...] = USUAL_KINDS
    span_name: str = "day"
    on: date | None = None
    zoom: TimeSpan | None = None
    comparison: str = ""
    bar_width: str = ""
    year_of: str = "energy"

    def span(self, today: date, zone: ZoneInfo) -> TimeSpan:
        """The stretch of time that is shown, in a zone's days."""
        if self.zoom is not None:
            return self.zoom
        first, following = _days(self.span_name, self.on or today)
        return TimeSpan(local_midnight(first, zone), local_midnight(following, zone))

    def earlier(self, span: TimeSpan, zone: ZoneInfo) -> TimeSpan | None:
        """The stretch of time it is compared with: as many days before, at the same time of day."""
        if not self.comparison:
            return None
        by = timedelta(days=_BACK[self.comparison])
        return TimeSpan(_wall(span.from_at, zone, by), _wall(span.to_at, zone, by))

    def stepped(self, by: int, today: date, zone: ZoneInfo) -> "Chosen":
        """The same of the stretch of time before (-1) or after (1)."""
        if self.zoom is not None:
            length = self.zoom.length * by
            return replace(self, zoom=TimeSpan(self.zoom.from_at + length, self.zoom.to_at + length))
        first, following = _days(self.span_name, self.on or today)
        if self.span_name == "decade":
            return replace(self, on=date(first.year + _DECADE * (by + 1) - 1, 1, 1))
        return replace(self, on=following if by > 0 else first - _DAY)

    def zoomed(self, from_at: datetime, to_at: datetime) -> "Chosen":
        """The same of a stretch of time, of ten minutes at least."""
        middle = from_at + (to_at - from_at) / 2
        half = max(to_at - from_at, _SHORTEST) / 2
        return replace(
            self, zoom=TimeSpan(_to_second(middle - half), _to_second(middle + half)), bar_width=""
        )

    def at(self, span_name: str, on: date | None) -> "Chosen":
        """The same of another range around a day."""
        return replace(self, span_name=span_name, on=on, zoom=None, bar_width="")

    def query(self) -> str:
        """What stands behind the `?`: all that differs from what is shown without it."""
        given = {
            "meters": ",".join(map(str, self.meters)),
            "sites": ",".join(map(str, self.sites)),
            "show": "" if self.kinds == USUAL_KINDS else ",".join(self.kinds) or "none",
            "range": "" if self.span_name == "day" else self.span_name,
            "on": self.on.isoformat() if self.on else "",
            "from": iso_utc(self.zoom.from_at) if self.zoom else "",
            "to": iso_utc(self.zoom.to_at) if self.zoom else "",
            "against": self.comparison,
            "per": self.bar_width,
            "year": "" if self.year_of == "energy" else self.year_of,
        }
        return urlencode({name: text for name, text in given.items() if text}, safe=",:")

    def address(self) -> str:
        """The address of the page."""
        query = self.query()
        return f"{DASHBOARDS}?{query}" if query else DASHBOARDS


PARAMETERS: Final = ("meters", "sites", "show", "range", "on", "from", "to", "against", "per", "year")


def chosen_in(query: Mapping[str, str]) -> Chosen:
    """Read an address; what it does not say, or says of nothing there is, is as usual."""
    shown = query.get("show", "")
    kinds = tuple(dict.fromkeys(kind for kind in shown.split(",") if kind in CHART_KINDS))
    return Chosen(
        meters=_ids(query.get("meters", "")),
        sites=_ids(query.get("sites", "")),
        kinds=kinds if shown else USUAL_KINDS,
        span_name=_one_of(query.get("range", ""), [key for key, _ in RANGES], "day"),
        on=_day(query.get("on", "")),
        zoom=_span(query.get("from", ""), query.get("to", "")),
        comparison=_one_of(query.get("against", ""), _BACK, ""),
        bar_width=query.get("per", ""),
        year_of=_one_of(query.get("year", ""), ("energy", "power"), "energy"),
    )


def _days(span_name: str, on: date) -> tuple[date, date]:
    """The first day of a range around a day, and the day after its last."""
    if span_name == "week":
        monday = on - timedelta(days=on.weekday())
        return monday, monday + timedelta(days=7)
    if span_name == "month":
        first = on.replace(day=1)
        return first, (first + timedelta(days=31)).replace(day=1)
    if span_name == "year":
        return date(on.year, 1, 1), date(on.year + 1, 1, 1)
    if span_name == "decade":
        return date(on.year - _DECADE + 1, 1, 1), date(on.year + 1, 1, 1)
    return on, on + _DAY


def _wall(at: datetime, zone: ZoneInfo, by: timedelta) -> datetime:
    local = at.astimezone(zone).replace(tzinfo=None) - by
    return local.replace(tzinfo=zone).astimezone(UTC)


def _to_second(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


def _ids(text: str) -> tuple[UUID, ...]:
    found: list[UUID] = []
    for part in text.split(","):
        try:
            found.append(UUID(part))
        except ValueError:
            continue
    return tuple(dict.fromkeys(found))


def _one_of(text: str, known: Iterable[str], otherwise: str) -> str:
    return text if text in set(known) else otherwise


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_YEAR + _DECADE < day.year < LAST_YEAR - 1 else None


def _span(first: str, last: str) -> TimeSpan | None:
    try:
        span = TimeSpan(parse_instant(first), parse_instant(last))
    except ValueError:
        return None
    is_known = span.from_at.year > FIRST_YEAR + _DECADE and span.to_at.year < LAST_YEAR - 1
    return span if span.from_at < span.to_at and is_known else None
