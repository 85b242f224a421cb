"""What a meter event is asked about, and what each answer to it says."""

from typing import Final

from portal.core.energy.rules.judging import ProposalKind
from portal.core.quality.rules.answers import EventAnswer

QUESTIONS: Final = {
    ProposalKind.RESET: "Did the register of {device} begin again?",
    ProposalKind.EXCHANGE: "Was the meter of {device} exchanged?",
    ProposalKind.ROLLOVER: "Was the register of {device} full?",
    ProposalKind.GLITCH: "Are {readings} of {device} faulty?",
    ProposalKind.CLOCK_JUMP: "Was the clock of {device} wrong?",
    ProposalKind.CONFLICT: "Which value of {device} is true?",
    ProposalKind.NOISE: "The register of {device} goes up and down",
    ProposalKind.NO_REGISTER: "{device} does not send a register",
    ProposalKind.LEARNED_BOUND: "A rated power of {device} was learned",
}
REASONS: Final = {
    ProposalKind.RESET: "The register fell to near zero and has risen since. What it shows now is counted.",
    ProposalKind.EXCHANGE: "The register went on from another value and rose since; the old line has not come back.",
    ProposalKind.ROLLOVER: "The register came to the end of its digits and began again at zero.",
    ProposalKind.GLITCH: "They do not fit what came before and after. They are kept, and are no energy.",
    ProposalKind.CLOCK_JUMP: "The readings show what the register showed at another time than they are stamped with.",
    ProposalKind.CONFLICT: "The meter sent two values for one instant. One of them is counted.",
    ProposalKind.NOISE: "It does so more than 500 times a day: no energy is counted on such days.",
    ProposalKind.NO_REGISTER: "Its values fall too often for a register: a net counter, or the energy of intervals.",
    ProposalKind.LEARNED_BOUND: "It has no rated power. Until it has one, {watts} kW is what it may draw at most.",
}
_SWITCH: Final = {
    ProposalKind.EXCHANGE: ("The meter was exchanged", "Exchanged, and I know more", "It was not exchanged"),
    ProposalKind.RESET: ("The register began again", "It did, and I know more", "It did not begin again"),
    ProposalKind.ROLLOVER: ("The register was full", "It was, and I know more", "It was not full"),
}
_FAULTY: Final = {
    ProposalKind.GLITCH: ("They are faulty", "They are true"),
    ProposalKind.CLOCK_JUMP: ("The clock was wrong", "The clock was right"),
    ProposalKind.CONFLICT: ("The value that counts now is true", "The other value is true"),
}
_SWITCH_NOTES: Final = (
    "Old line to {before}, new line from {at}; {step}.",
    "What was used in between is counted, by what you type.",
    "The new line is taken as faulty readings; the old one goes on.",
)
STEPS: Final = {
    ProposalKind.EXCHANGE: "the step is no energy",
    ProposalKind.RESET: "what the new line shows is counted",
    ProposalKind.ROLLOVER: "it is counted through the end of the digits",
}


def answer_words(kind: ProposalKind, answer: EventAnswer) -> tuple[str, str]:
    """Return what an answer says, and what it means for the readings; `{before}`, `{at}`, `{step}` are to be filled."""
    if answer is EventAnswer.NOTED:
        return "I have seen it", "It waits no more. Nothing changes."
    if answer is EventAnswer.CONTINUES:
        return "It only went on", "The step is energy, however unlikely it is."
    if kind in _SWITCH:
        index = (EventAnswer.CONFIRM, EventAnswer.CORRECT, EventAnswer.REJECT).index(answer)
        return _SWITCH[kind][index], _SWITCH_NOTES[index]
    faulty, true = _FAULTY[kind]
    if answer is EventAnswer.CONFIRM:
        return faulty, "They stay stored, and are no energy."
    return true, "They are counted, and what follows goes on from them."
