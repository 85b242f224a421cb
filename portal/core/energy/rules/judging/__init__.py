"""Judges a register as a utility validates meter data: what is accepted, what is suspect, what happened.

The readings of one register are a set of (instant, value). The judge finds the cheapest chain over it: a reading left
out has a price, and so has each switch to another line (`prices`). Nothing else is remembered, so order, batches and
repeats change nothing. Integers throughout: microseconds since 1970 (UTC), milliwatt-hours, watts.

    facts = learn(readings, RegisterFacts(rated_watts=None))       device data, and what readings teach in its place
    judgement = judge(readings, facts, in_force(decisions))        accepted spans, links between them, suspects
    judged_hours(judgement, max_gap)                               energy, gaps and cover by UTC hour
    proposals_of(judgement)                                        meter events that wait for a person's decision
    outline_of(judgement)                                          anchors and rivals: what is kept of it
    is_firm(judgement)                                             whether clean readings may simply be added to it
    stretch_of(..), judge(.., anchor_at), meeting(..), patched(..) a late reading: a bounded stretch judged again

Inside, from below: `prices`, `limits` (what a register can have counted in a time), `resolution`, `learned_bound`;
`runs` (neighbours that agree), `leaps` (what a rise leaps over), `silences`, `links`, `chain` (the dynamic programme);
`sifting`, `era_links`, `reasons`, `register_judge` (eras between declared switches, put together).
"""

from portal.core.energy.rules.judging.anchors import (
    Anchor,
    JudgedStretch,
    Outline,
    Rival,
    anchors_among,
    is_firm,
    meeting,
    outline_of,
    patched,
    reach_of,
    run_since,
    stretch_of,
)
from portal.core.energy.rules.judging.decisions import (
    DeclaredReadings,
    DeclaredSwitch,
    MeterDecision,
    RecordedDecision,
    SwitchKind,
    in_force,
)
from portal.core.energy.rules.judging.judged_hours import JudgedHour, judged_hours
from portal.core.energy.rules.judging.judgement import Judgement, Link, SuspectReason, SuspectSpan
from portal.core.energy.rules.judging.learned_bound import LearnedBound, learned_bounds
from portal.core.energy.rules.judging.limits import RegisterFacts, width_of
from portal.core.energy.rules.judging.proposals import (
    Proposal,
    ProposalKind,
    learned_proposals,
    proposals_of,
)
from portal.core.energy.rules.judging.register_judge import RegisterReading, judge, learn
from portal.core.energy.rules.judging.sifting import is_no_register, speaking
from portal.core.energy.rules.judging.states import AcceptedSpan, LinkKind

__all__ = [
    "AcceptedSpan",
    "Anchor",
    "DeclaredReadings",
    "DeclaredSwitch",
    "JudgedHour",
    "JudgedStretch",
    "Judgement",
    "LearnedBound",
    "Link",
    "LinkKind",
    "MeterDecision",
    "Outline",
    "Proposal",
    "ProposalKind",
    "RecordedDecision",
    "RegisterFacts",
    "RegisterReading",
    "Rival",
    "SuspectReason",
    "SuspectSpan",
    "SwitchKind",
    "anchors_among",
    "in_force",
    "is_firm",
    "is_no_register",
    "judge",
    "judged_hours",
    "learn",
    "learned_bounds",
    "learned_proposals",
    "meeting",
    "outline_of",
    "patched",
    "proposals_of",
    "reach_of",
    "run_since",
    "speaking",
    "stretch_of",
    "width_of",
]
