"""Small histories written by hand: minutes and kWh, and what the judge says of them in the same units."""

from collections.abc import Iterable, Sequence

from portal.core.energy.rules.judging import (
    Judgement,
    MeterDecision,
    RegisterFacts,
    RegisterReading,
    judge,
    proposals_of,
)

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
KWH = 1_000_000
NINE = 1_785_834_000_000_000  # 2026-08-04T09:00:00Z
TENTHS = 100_000


def at(minutes: float) -> int:
    """Return an instant so many minutes after nine."""
    return NINE + round(minutes * MINUTE)


def mwh(kwh: float) -> int:
    return round(kwh * KWH)


def every(minutes: float, *kwh: float, since: float = 0) -> list[RegisterReading]:
    return [(at(since + n * minutes), mwh(value)) for n, value in enumerate(kwh)]


def rated(kw: float | None, **facts: int) -> RegisterFacts:
    return RegisterFacts(rated_watts=None if kw is None else round(1000 * kw), **facts)


def judged(
    readings: Iterable[RegisterReading],
    kw: float | None = 100,
    decisions: Sequence[MeterDecision] = (),
    **facts: int,
) -> Judgement:
    return judge(readings, rated(kw, count_milliwh=TENTHS, **facts), decisions)


def energy(judgement: Judgement) -> float:
    return judgement.milliwh / KWH


def suspect(judgement: Judgement) -> list[float]:
    return [judgement.shown[i] / KWH for span in judgement.suspects for i in range(span.first, span.last + 1)]


def reasons(judgement: Judgement) -> list[str]:
    return [span.reason for span in judgement.suspects]


def events(judgement: Judgement) -> list[str]:
    return [proposal.kind for proposal in proposals_of(judgement)]
