"""Every word that is stored has a number, and always the same."""

from enum import StrEnum

import pytest

from portal.core.energy.rules.event_codes import (
    code_of_kind,
    code_of_reason,
    kind_of_code,
    reason_of_code,
)
from portal.core.energy.rules.judging import LinkKind, ProposalKind, SuspectReason, SwitchKind
from portal.core.energy.rules.stored_words import CAUSES, LINK_KINDS, Numbered, RestatedBecause

_KINDS = ["reset", "exchange", "rollover", "glitch", "clockJump", "conflict", "noise", "noRegister"]
_REASONS = ["decided", "negative", "noise", "conflict", "zero", "wobble", "fall", "spike", "tooFast"]


@pytest.mark.parametrize(
    ("numbered", "words"),
    [
        (LINK_KINDS, [*SwitchKind, *(kind for kind in LinkKind if kind is not LinkKind.RISE)]),
        (CAUSES, list(RestatedBecause)),
    ],
)
def test_every_word_comes_back_from_its_number(numbered: Numbered[StrEnum], words: list[StrEnum]) -> None:
    # The same, not equal ones: a reset that the judge found reads like one that was declared.
    assert all(numbered.word(numbered.number(word)) is word for word in words)


def test_a_number_of_a_later_release_is_no_word() -> None:
    assert CAUSES.word(999) is None
    assert CAUSES.word(None) is None


def test_the_numbers_of_events_and_reasons_are_what_is_stored() -> None:
    """They follow the order of the words: who puts one in between changes what stored rows say."""
    assert [code_of_kind(ProposalKind(kind)) for kind in [*_KINDS, "learnedBound"]] == list(range(9))
    reasons = [*_REASONS, "stoodStill", "noHistory"]
    assert [code_of_reason(SuspectReason(reason)) for reason in reasons] == list(range(11))
    assert all(kind_of_code(code_of_kind(kind)) is kind for kind in ProposalKind)
    assert all(reason_of_code(code_of_reason(reason)) is reason for reason in SuspectReason)
