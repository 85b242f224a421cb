"""What a meter event is asked about, and what each answer to it says."""

from typing import Final

from portal.core.energy.rules.judging import ProposalKind
from portal.core.languages import tr
from portal.core.quality.rules.answers import EventAnswer
from portal.core.words import noted

QUESTIONS: Final = {
    ProposalKind.RESET: noted("Did the register of {device} begin again?"),
    ProposalKind.EXCHANGE: noted("Was the meter of {device} exchanged?"),
    ProposalKind.ROLLOVER: noted("Was the register of {device} full?"),
    ProposalKind.GLITCH: noted("Are {readings} of {device} faulty?"),
    ProposalKind.CLOCK_JUMP: noted("Was the clock of {device} wrong?"),
    ProposalKind.CONFLICT: noted("Which value of {device} is true?"),
    ProposalKind.NOISE: noted("The register of {device} goes up and down"),
    ProposalKind.NO_REGISTER: noted("{device} does not send a register"),
    ProposalKind.LEARNED_BOUND: noted("A rated power of {device} was learned"),
}
REASONS: Final = {
    ProposalKind.RESET: noted(
        "The register fell to near zero and has risen since. What it shows now is counted."
    ),
    ProposalKind.EXCHANGE: noted(
        "The register went on from another value and rose since; the old line has not come back."
    ),
    ProposalKind.ROLLOVER: noted("The register came to the end of its digits and began again at zero."),
    ProposalKind.GLITCH: noted(
        "They do not fit what came before and after. They are kept, and are no energy."
    ),
    ProposalKind.CLOCK_JUMP: noted(
        "The readings show what the register showed at another time than they are stamped with."
    ),
    ProposalKind.CONFLICT: noted("The meter sent two values for one instant. One of them is counted."),
    ProposalKind.NOISE: noted("It does so more than 500 times a day: no energy is counted on such days."),
    ProposalKind.NO_REGISTER: noted(
        "Its values fall too often for a register: a net counter, or the energy of intervals."
    ),
    ProposalKind.LEARNED_BOUND: noted(
        "It has no rated power. Until it has one, {watts} kW is what it may draw at most."
    ),
}
_SWITCH: Final = {
    ProposalKind.EXCHANGE: (
        noted("The meter was exchanged"),
        noted("Exchanged, and I know more"),
        noted("It was not exchanged"),
    ),
    ProposalKind.RESET: (
        noted("The register began again"),
        noted("It did, and I know more"),
        noted("It did not begin again"),
    ),
    ProposalKind.ROLLOVER: (
        noted("The register was full"),
        noted("It was, and I know more"),
        noted("It was not full"),
    ),
}
_FAULTY: Final = {
    ProposalKind.GLITCH: (noted("They are faulty"), noted("They are true")),
    ProposalKind.CLOCK_JUMP: (noted("The clock was wrong"), noted("The clock was right")),
    ProposalKind.CONFLICT: (noted("The value that counts now is true"), noted("The other value is true")),
}
_SWITCH_NOTES: Final = (
    noted("Old line to {before}, new line from {at}; {step}."),
    noted("What was used in between is counted, by what you type."),
    noted("The new line is taken as faulty readings; the old one goes on."),
)
STEPS: Final = {
    ProposalKind.EXCHANGE: noted("the step is no energy"),
    ProposalKind.RESET: noted("what the new line shows is counted"),
    ProposalKind.ROLLOVER: noted("it is counted through the end of the digits"),
}


def answer_words(kind: ProposalKind, answer: EventAnswer) -> tuple[str, str]:
    """Return what an answer says, and what it means for the readings; `{before}`, `{at}`, `{step}` are to be filled."""
    if answer is EventAnswer.NOTED:
        return tr("I have seen it"), tr("It waits no more. Nothing changes.")
    if answer is EventAnswer.CONTINUES:
        return tr("It only went on"), tr("The step is energy, however unlikely it is.")
    if kind in _SWITCH:
        index = (EventAnswer.CONFIRM, EventAnswer.CORRECT, EventAnswer.REJECT).index(answer)
        return tr(_SWITCH[kind][index]), tr(_SWITCH_NOTES[index])
    faulty, true = (tr(words) for words in _FAULTY[kind])
    if answer is EventAnswer.CONFIRM:
        return faulty, tr("They stay stored, and are no energy.")
    return true, tr("They are counted, and what follows goes on from them.")
