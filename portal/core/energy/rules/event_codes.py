"""The small integers under which words of the judge are stored."""

from typing import Final, overload

from portal.core.energy.rules.judging import ProposalKind, SuspectReason

_KINDS: Final = tuple(ProposalKind)
_REASONS: Final = tuple(SuspectReason)


@overload
def code_of_kind(kind: ProposalKind) -> int: ...
@overload
def code_of_kind(kind: None) -> None: ...
@overload
def code_of_kind(kind: ProposalKind | None) -> int | None: ...
def code_of_kind(kind: ProposalKind | None) -> int | None:
    """Return the number of a kind of event; None of none."""
    return None if kind is None else _KINDS.index(kind)


def kind_of_code(code: int) -> ProposalKind:
    """Return the kind of event of a number."""
    return _KINDS[code]


def code_of_reason(reason: SuspectReason) -> int:
    """Return the number of a reason for not believing a reading."""
    return _REASONS.index(reason)


def reason_of_code(code: int) -> SuspectReason:
    """Return the reason of a number."""
    return _REASONS[code]
