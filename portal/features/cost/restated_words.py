"""What a cost page says of days that were restated: by how much, since when, and why."""

from portal.core.cost.rules.cost import CostReport
from portal.core.cost.service.restatements import RestatedReason, WindowRestated
from portal.core.energy.rules.judging import ProposalKind
from portal.core.energy.rules.stored_words import RestatedBecause
from portal.core.languages import tr
from portal.core.words import noted
from portal.features.data_quality.event_view import signed_kwh, signed_money
from portal.ui import formats

_DECIDED = {
    ProposalKind.EXCHANGE: noted("the exchange of {device} was decided"),
    ProposalKind.RESET: noted("a reset of {device} was decided"),
    ProposalKind.ROLLOVER: noted("a rollover of {device} was decided"),
    ProposalKind.GLITCH: noted("odd readings of {device} were decided about"),
    ProposalKind.CLOCK_JUMP: noted("the clock of {device} was decided about"),
    ProposalKind.CONFLICT: noted("two values of {device} were decided about"),
}
_CAUSES = {
    RestatedBecause.LATE_READING: noted("readings of {device} came late"),
    RestatedBecause.DECISION: noted("something was decided about {device}"),
    RestatedBecause.LEARNED_BOUND: noted("what {device} may draw was learned"),
    RestatedBecause.RATED_POWER: noted("the rated power of {device} changed"),
    RestatedBecause.RULE: noted("the readings of {device} were judged again"),
}


def restated_words(found: WindowRestated, now: CostReport, before: CostReport, zone: str) -> str:
    """One sentence: `Restated since 3 Nov: +12.40 kWh, +R 34.10, because ...`."""
    changes = [signed_kwh(now.total_kwh - before.total_kwh)]
    if now.currency == before.currency:
        changes.append(signed_money(now.total - before.total, now.currency))
    reasons = [_reason(each) for each in found.reasons]
    if found.more:
        reasons.append(f"{formats.counted(found.more, '{count} other reason', '{count} other reasons')}")
    since = formats.near_time(found.since, zone).split(", ")[0]
    return tr(
        "Restated since {since}: {changes}, because {reasons}.",
        since=since,
        changes=", ".join(changes),
        reasons="; ".join(reasons),
    )


def _reason(reason: RestatedReason) -> str:
    known = _DECIDED.get(reason.event_kind) if reason.event_kind is not None and reason.decision_id else None
    words = known or (_CAUSES[reason.cause] if reason.cause else noted("{device} was computed again"))
    return tr(words, device=reason.device_name)
