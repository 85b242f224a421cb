"""What kinds of meter events are called."""

from typing import Final

from portal.core.energy.rules.judging import ProposalKind, SuspectReason

_WORDS: Final = {
    ProposalKind.RESET: "Register began again",
    ProposalKind.EXCHANGE: "Meter exchange",
    ProposalKind.ROLLOVER: "Register was full",
    ProposalKind.GLITCH: "Odd readings",
    ProposalKind.CLOCK_JUMP: "Clock jump",
    ProposalKind.CONFLICT: "Two values for one instant",
    ProposalKind.NOISE: "Register goes up and down",
    ProposalKind.NO_REGISTER: "Not a register",
    ProposalKind.LEARNED_BOUND: "Rated power learned",
}
_REASONS: Final = {
    SuspectReason.DECIDED: "somebody decided so",
    SuspectReason.NEGATIVE: "below zero",
    SuspectReason.NOISE: "a day of ups and downs",
    SuspectReason.CONFLICT: "another value of the same instant",
    SuspectReason.ZERO: "shows zero",
    SuspectReason.WOBBLE: "a little below the one before",
    SuspectReason.FALL: "far below",
    SuspectReason.SPIKE: "undone by a later fall",
    SuspectReason.TOO_FAST: "too fast for this meter",
    SuspectReason.STOOD_STILL: "stood still and caught up",
    SuspectReason.NO_HISTORY: "nothing before it",
}


def event_in_words(kind: ProposalKind) -> str:
    """Return what a kind of event is called."""
    return _WORDS[kind]


def reason_in_words(reason: SuspectReason) -> str:
    """Return why a reading is not believed."""
    return _REASONS[reason]
