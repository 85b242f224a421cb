"""How a meter is doing, in one word: of several troubles the worst."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from portal.core.languages import tr
from portal.core.meters.service import STALE_AFTER, MeterNow
from portal.core.sites.rules.meter_tree import DeviceKind
from portal.ui import formats

# "Live" is a promise: a meter that reports every quarter of an hour is well, but not live.
_LIVE: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class MeterStatus:
    """A word, its tone ("ok", "warn", "fail", "neutral"), what it means, and whether somebody has to look at it."""

    word: str
    tone: str
    meaning: str

    @property
    def is_trouble(self) -> bool:
        """Whether somebody has to look at it."""
        return self.tone in ("warn", "fail")


def status_of(meter: MeterNow, now: datetime) -> MeterStatus:
    """Return how a meter is doing; `now` is aware."""
    return _status_of_none(meter) or _refusal(meter, now) or _age(meter, now)


def _status_of_none(meter: MeterNow) -> MeterStatus | None:
    """What is said of a meter from which nothing is expected."""
    if not meter.device.is_active:
        return MeterStatus(tr("Inactive"), "neutral", tr("Its readings are not taken"))
    if meter.device.kind is DeviceKind.VIRTUAL:
        return MeterStatus(tr("Calculated"), "neutral", tr("Made of other meters' readings"))
    return None


def _refusal(meter: MeterNow, now: datetime) -> MeterStatus | None:
    post = meter.newest_post
    if post is None or not post.is_refused or now - post.posted_at > STALE_AFTER:
        return None
    return MeterStatus(tr("Refused"), "fail", post.reason or tr("Its last post was refused"))


def _age(meter: MeterNow, now: datetime) -> MeterStatus:
    read_at, post, skew = meter.device.last_reading_at, meter.newest_post, meter.device.clock_skew
    if read_at is None:
        return MeterStatus(tr("Waiting"), "neutral", tr("No reading yet"))
    ago = formats.relative(read_at, now)
    if now - read_at > STALE_AFTER:
        if post is not None and now - post.posted_at <= _LIVE:
            return MeterStatus(
                tr("Late"), "warn", tr("Its board posts, and is at readings of {ago}", ago=ago)
            )
        return MeterStatus(tr("Silent"), "warn", tr("Last reading {ago}", ago=ago))
    if skew is not None:
        return MeterStatus(
            _clock_word(skew), "warn", tr("The board's clock is {skew}", skew=formats.clock_skew(skew))
        )
    return MeterStatus(tr("Live") if now - read_at <= _LIVE else ago, "ok", tr("Last reading {ago}", ago=ago))


def _clock_word(skew: timedelta) -> str:
    if formats.clock_skew(skew) == "not set":
        return tr("Clock not set")
    return tr("Clock fast") if skew > timedelta(0) else tr("Clock slow")
