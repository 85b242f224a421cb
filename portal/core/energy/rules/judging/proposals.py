"""Meter events: what the judge found in a register's readings, put to a person to confirm, correct or reject."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from typing import Final, NamedTuple

from portal.core.energy.rules.judging.judgement import Judgement, Link, SuspectReason, SuspectSpan
from portal.core.energy.rules.judging.learned_bound import LearnedBound
from portal.core.energy.rules.judging.prices import REMEMBERED
from portal.core.energy.rules.judging.shifts import Shifts
from portal.core.energy.rules.judging.sifting import is_no_register
from portal.core.energy.rules.judging.states import LinkKind

_MANY_FALLS: Final = 24  # a short history with a bad hour is a register all the same


class ProposalKind(StrEnum):
    """What seems to have happened."""

    RESET = "reset"
    EXCHANGE = "exchange"
    ROLLOVER = "rollover"
    GLITCH = "glitch"
    """Readings that the register did not show, one or many."""
    CLOCK_JUMP = "clockJump"
    """Readings that the register did show, at another time than they are stamped with."""
    CONFLICT = "conflict"
    """Several values for one instant."""
    NOISE = "noise"
    """Days on which the register goes up and down so often that nothing can be said."""
    NO_REGISTER = "noRegister"
    """Values that fall too often to be a register's at all: a net counter, or the energy of intervals."""
    LEARNED_BOUND = "learnedBound"
    """The power that a meter without a rated power is judged by has been learned."""


class Proposal(NamedTuple):
    """One meter event as the judge proposes it.

    `at` and `until` are the first and the last reading it is about, in microseconds since 1970 (UTC), `readings` how
    many of them. `closing_milliwh` and `opening_milliwh` are what the register showed in the accepted readings before
    and after, None where there is none. `milliwh` is the energy counted between those two. `shift` is by how much the
    stamps of a clock jump are wrong, where that is known. `watts` is a learned bound.
    """

    kind: ProposalKind
    at: int
    until: int
    readings: int
    closing_milliwh: int | None = None
    opening_milliwh: int | None = None
    milliwh: int = 0
    reasons: tuple[SuspectReason, ...] = ()
    shift: int | None = None
    watts: int | None = None

    @property
    def key(self) -> str:
        """What names the event for as long as it is proposed, from content alone."""
        return f"{self.kind}:{self.at}"


def proposals_of(judgement: Judgement) -> list[Proposal]:
    """Return the meter events of a judgement that nobody has decided yet, ascending in time."""
    links = [_of_link(judgement, link) for link in judgement.links if _is_event(link)]
    shifts = Shifts(judgement)
    groups = [each for group in _groups(judgement) for each in _of_group(judgement, group, shifts)]
    found = sorted([*_no_register(judgement), *links, *groups], key=lambda each: (each.at, each.kind))
    return [_together(list(same)) for _, same in groupby(found, key=lambda each: (each.at, each.kind))]


def learned_proposals(bounds: Sequence[LearnedBound]) -> list[Proposal]:
    """Return an event for each rung that was learned."""
    return [Proposal(ProposalKind.LEARNED_BOUND, at, at, 1, watts=watts) for at, watts in bounds]


def _no_register(judgement: Judgement) -> Iterator[Proposal]:
    times = judgement.times
    if is_no_register(judgement.shown, least_falls=_MANY_FALLS):
        yield Proposal(ProposalKind.NO_REGISTER, times[0], times[-1], len(times))


def _is_event(link: Link) -> bool:
    return isinstance(link.kind, LinkKind) and link.kind is not LinkKind.RISE


def _of_link(judgement: Judgement, link: Link) -> Proposal:
    at = judgement.times[link.after]
    closing, opening = judgement.shown[link.before], judgement.shown[link.after]
    return Proposal(ProposalKind(link.kind.value), at, at, 1, closing, opening, link.milliwh)


class _Group(NamedTuple):
    """Suspects between two accepted readings, and what lies between these."""

    before: int | None
    spans: list[SuspectSpan]
    after: int | None
    milliwh: int


def _groups(judgement: Judgement) -> Iterator[_Group]:
    """Yield the suspects between each two accepted readings, those that were decided left out."""
    spans, links = judgement.spans, judgement.links
    by_index: dict[int, list[SuspectSpan]] = {}
    for each in judgement.suspects:
        if each.reason is not SuspectReason.DECIDED:
            number = bisect_right(spans, each.first, key=lambda span: span.first)
            by_index.setdefault(number, []).append(each)
    for number, found in sorted(by_index.items()):
        before = spans[number - 1].last if number else None
        after = spans[number].first if number < len(spans) else None
        milliwh = links[number - 1].milliwh if before is not None and after is not None else 0
        yield _Group(before, found, after, milliwh)


def _of_group(judgement: Judgement, group: _Group, shifts: Shifts) -> Iterator[Proposal]:
    """Yield the events of a group: its conflicts one by one, the rest together."""
    special = {SuspectReason.CONFLICT: ProposalKind.CONFLICT, SuspectReason.NOISE: ProposalKind.NOISE}
    for each in group.spans:
        if each.reason in special:
            yield _proposal(judgement, group, [each], special[each.reason])
    rest = [each for each in group.spans if each.reason not in special]
    if rest:
        shift = shifts.of(rest)
        is_jump = shift is not None or _is_before_everything(judgement, group)
        kind = ProposalKind.CLOCK_JUMP if is_jump else ProposalKind.GLITCH
        yield _proposal(judgement, group, rest, kind)._replace(shift=shift)


def _together(found: Sequence[Proposal]) -> Proposal:
    """Return one event of values on both sides of that which is believed of an instant."""
    first, last = found[0], found[-1]
    return first._replace(
        until=max(each.until for each in found),
        readings=sum(each.readings for each in found),
        opening_milliwh=last.opening_milliwh,
        milliwh=sum(each.milliwh for each in found),
        reasons=tuple(dict.fromkeys(reason for each in found for reason in each.reasons)),
    )


def _proposal(
    judgement: Judgement, group: _Group, spans: Sequence[SuspectSpan], kind: ProposalKind
) -> Proposal:
    return Proposal(
        kind,
        judgement.times[spans[0].first],
        judgement.times[spans[-1].last],
        sum(span.last - span.first + 1 for span in spans),
        None if group.before is None else judgement.shown[group.before],
        None if group.after is None else judgement.shown[group.after],
        group.milliwh,
        tuple(dict.fromkeys(span.reason for span in spans)),
    )


def _is_before_everything(judgement: Judgement, group: _Group) -> bool:
    """Tell whether readings lie far before all that is accepted: a board without a clock starts in another year."""
    if group.before is not None or group.after is None:
        return False
    return judgement.times[group.after] - judgement.times[group.spans[-1].last] > REMEMBERED
