"""The judge: from the set of a register's readings to what is accepted, what is suspect, and the energy between."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from operator import lt
from typing import NamedTuple

from portal.core.energy.rules.judging.chain import Chain
from portal.core.energy.rules.judging.decisions import DeclaredReadings, Era, MeterDecision, eras
from portal.core.energy.rules.judging.era_links import AcceptedReading, declared_link, judged_link
from portal.core.energy.rules.judging.judgement import Judgement, Link, SuspectReason
from portal.core.energy.rules.judging.late_lines import with_late_lines
from portal.core.energy.rules.judging.learned_bound import learned_watts
from portal.core.energy.rules.judging.limits import Limits, RegisterFacts, scaled
from portal.core.energy.rules.judging.reasons import suspects_of
from portal.core.energy.rules.judging.resolution import count_of
from portal.core.energy.rules.judging.runs import Runs
from portal.core.energy.rules.judging.sifting import sift
from portal.core.energy.rules.judging.states import AcceptedSpan

RegisterReading = tuple[int, int]
"""An instant in microseconds since 1970 (UTC), and what the register showed then in milliwatt-hours."""


def judge(
    readings: Iterable[RegisterReading],
    facts: RegisterFacts,
    decisions: Sequence[MeterDecision] = (),
    *,
    anchor_at: int | None = None,
) -> Judgement:
    """Judge one register's readings by the cheapest chain over them.

    The answer follows from the set of readings, from `facts` (which hold from the beginning on) and from `decisions`
    (in the order they were made) alone: order, batches and repeats of the readings change nothing.
    Where the readings are a stretch of a longer history, `anchor_at` is the anchor it begins with (`anchors`).
    """
    rows = _distinct(readings)
    times, shown = [at for at, _ in rows], [value for _, value in rows]
    declared = [each for each in decisions if isinstance(each, DeclaredReadings)]
    found = with_late_lines(times, shown, eras(facts, decisions))
    judged = [_judged(times, shown, era, declared, anchor_at) for era in _with_ends(times, found)]
    return _joined(times, shown, judged)


def learn(readings: Iterable[RegisterReading], facts: RegisterFacts) -> RegisterFacts:
    """Return the facts with the bound that the readings teach, where the rated power is not known."""
    if facts.rated_watts is not None:
        return facts
    rows = _distinct(readings)
    watts = learned_watts([at for at, _ in rows], [value for _, value in rows])
    return replace(facts, learned_watts=watts)


def _distinct(readings: Iterable[RegisterReading]) -> Sequence[RegisterReading]:
    """Return readings ascending by (time, value), each once."""
    rows = list(readings)
    is_so = all(map(lt, rows, islice(rows, 1, None)))
    return rows if is_so else sorted(set(rows))


class _EraReadings(NamedTuple):
    era: Era
    first: int
    end: int


def _with_ends(times: Sequence[int], found: Sequence[Era]) -> list[_EraReadings]:
    """Return the eras with the readings that lie in each; a reading at a switch is of what follows."""
    edges = [0, *(bisect_left(times, era.begins.at) for era in found if era.begins), len(times)]
    return [_EraReadings(era, *ends) for era, ends in zip(found, pairwise(edges), strict=True)]


class _Judged(NamedTuple):
    """What was found in an era, its readings by their index among those of all eras."""

    era: Era
    registers: Sequence[int]
    spans: list[AcceptedSpan]
    taken_out: dict[int, SuspectReason]
    limits: Limits


def _judged(
    times: Sequence[int],
    shown: Sequence[int],
    part: _EraReadings,
    declared: Sequence[DeclaredReadings],
    anchor_at: int | None,
) -> _Judged:
    era, first, end = part
    its_times, its_shown = times[first:end], shown[first:end]
    sifted = sift(its_times, its_shown, declared)
    registers = (
        [scaled(value, era.scale) for value in its_shown] if era.scale[0] != era.scale[1] else its_shown
    )
    facts = era.facts.scaled(era.scale)
    kept_times, kept = sifted.take(its_times), sifted.take(registers)
    limits = Limits(facts, facts.count_milliwh or count_of(kept))
    begins_by = None if anchor_at is None else bisect_right(kept_times, anchor_at) - 1
    if begins_by is not None and begins_by < 0:
        begins_by = None  # the anchor is of an earlier era
    chain = Chain(Runs(kept_times, kept, limits), limits, sifted.forced, begins_by) if kept else None
    spans = chain.cheapest() if chain else []
    return _Judged(
        era,
        registers,
        [AcceptedSpan(a + first, z + first, kind) for a, z, kind in sifted.put_back(spans)],
        {i + first: reason for i, reason in sifted.taken_out.items()},
        limits,
    )


def _joined(times: Sequence[int], shown: Sequence[int], judged: Sequence[_Judged]) -> Judgement:
    """Return the eras as one judgement."""
    registers = (
        [value for each in judged for value in each.registers] if len(judged) > 1 else judged[0].registers
    )
    spans = [span for each in judged for span in each.spans]
    known = {i: reason for each in judged for i, reason in each.taken_out.items()}
    return Judgement(
        times=times,
        shown=shown,
        registers=registers,
        spans=spans,
        links=list(_links(times, shown, registers, judged)),
        suspects=suspects_of(times, shown, spans, known),
        watts=tuple(each.limits.watts for each in judged),
        counts=tuple(each.limits.count_milliwh for each in judged),
    )


def _links(
    times: Sequence[int], shown: Sequence[int], registers: Sequence[int], judged: Sequence[_Judged]
) -> Iterator[Link]:
    def reading(i: int) -> AcceptedReading:
        return AcceptedReading(i, times[i], shown[i], registers[i])

    left: tuple[int, int] | None = None  # the last accepted reading, and the number of its era
    for number, each in enumerate(judged):
        for span in each.spans:
            if left is not None and left[1] == number:
                yield judged_link(reading(left[0]), reading(span.first), span.kind, each.limits.width_milliwh)
            elif left is not None:
                later = [one.era for one in judged[left[1] + 1 : number + 1]]
                old = judged[left[1]]
                yield declared_link(reading(left[0]), old.era, reading(span.first), later, old.limits)
            left = (span.last, number)
