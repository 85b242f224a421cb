"""What a cost page says of days that were restated: by how much, since when, and why."""

from portal.core.cost.rules.cost import CostReport
from portal.core.cost.service.restatements import RestatedReason, WindowRestated
from portal.core.energy.rules.judging import ProposalKind
from portal.core.energy.rules.stored_words import RestatedBecause
from portal.features.data_quality.event_view import signed_kwh, signed_money
from portal.ui import formats

_DECIDED = {
    ProposalKind.EXCHANGE: "the exchange of {device} was decided",
    ProposalKind.RESET: "a reset of {device} was decided",
    ProposalKind.ROLLOVER: "a rollover of {device} was decided",
    ProposalKind.GLITCH: "odd readings of {device} were decided about",
    ProposalKind.CLOCK_JUMP: "the clock of {device} was decided about",
    ProposalKind.CONFLICT: "two values of {device} were decided about",
}
_CAUSES = {
    RestatedBecause.LATE_READING: "readings of {device} came late",
    RestatedBecause.DECISION: "something was decided about {device}",
    RestatedBecause.LEARNED_BOUND: "what {device} may draw was learned",
    RestatedBecause.RATED_POWER: "the rated power of {device} changed",
    RestatedBecause.RULE: "the readings of {device} were judged again",
}


def restated_words(found: WindowRestated, now: CostReport, before: CostReport, zone: str) -> str:
    """One sentence: `Restated since 3 Nov: +12.40 kWh, +R 34.10, because ...`."""
    changes = [signed_kwh(now.total_kwh - before.total_kwh)]
    if now.currency == before.currency:
        changes.append(signed_money(now.total - before.total, now.currency))
    reasons = [_reason(each) for each in found.reasons]
    if found.more:
        reasons.append(f"{formats.count(found.more, 'other reason')}")
    since = formats.near_time(found.since, zone).split(", ")[0]
    return f"Restated since {since}: {', '.join(changes)}, because {'; '.join(reasons)}."


def _reason(reason: RestatedReason) -> str:
    known = _DECIDED.get(reason.event_kind) if reason.event_kind is not None and reason.decision_id else None
    words = known or (_CAUSES[reason.cause] if reason.cause else "{device} was computed again")
    return words.format(device=reason.device_name)
