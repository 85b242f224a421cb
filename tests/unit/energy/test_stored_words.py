"""Every word of the judge has a number in the database, and each its own."""

from enum import StrEnum

import pytest

from portal.core.energy.rules.judging import LinkKind, ProposalKind, SuspectReason, SwitchKind
from portal.core.energy.rules.stored_words import (
    CAUSES,
    EVENT_KINDS,
    LINK_KINDS,
    REASONS,
    Numbered,
    RestatedBecause,
)


@pytest.mark.parametrize(
    ("numbered", "words"),
    [
        (REASONS, list(SuspectReason)),
        (EVENT_KINDS, list(ProposalKind)),
        (LINK_KINDS, [*SwitchKind, *(kind for kind in LinkKind if kind is not LinkKind.RISE)]),
        (CAUSES, list(RestatedBecause)),
    ],
)
def test_every_word_comes_back_from_its_number(numbered: Numbered[StrEnum], words: list[StrEnum]) -> None:
    # The same, not equal ones: a reset that the judge found reads like one that was declared.
    assert all(numbered.word(numbered.number(word)) is word for word in words)


def test_a_number_of_a_later_release_is_no_word() -> None:
    assert REASONS.word(999) is None
    assert REASONS.word(None) is None
