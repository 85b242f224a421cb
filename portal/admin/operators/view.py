"""Who sees which customers, in words."""

from collections.abc import Iterable, Sequence
from typing import TypedDict

from portal.core.access import Role
from portal.core.fleet.service.operators import OperatorLine
from portal.core.languages import tr
from portal.core.words import noted
from portal.ui import formats

_SHOWN = 6
MOST_CHOSEN = 500
BY_HAND, BY_GROUPS = noted("By hand"), noted("By groups of single sign-on")


class OperatorRow(TypedDict):
    """One person."""

    id: str
    email: str
    role: str
    sees: str
    all_codes: str
    is_limited: bool
    given: str
    may_change: bool


class FoundCustomer(TypedDict):
    """A customer that a search found."""

    code: str
    name: str
    is_chosen: bool


def build_rows(operators: Iterable[OperatorLine], *, by_groups: bool) -> list[OperatorRow]:
    """A row for everybody; `by_groups`: groups of single sign-on say who sees whom."""
    return [_row(each, by_groups=by_groups) for each in operators if each.is_active]


def _row(line: OperatorLine, *, by_groups: bool) -> OperatorRow:
    is_admin, follows = line.role is Role.ADMIN, by_groups and line.comes_by_provider
    return {
        "id": str(line.id),
        "email": line.email,
        "role": tr("Admin") if is_admin else tr("User"),
        "sees": sees_in_words(line.customers),
        "all_codes": ", ".join(line.customers or ()),
        "is_limited": line.customers is not None,
        "given": "" if is_admin and not follows else tr(BY_GROUPS if follows else BY_HAND),
        "may_change": not is_admin and not follows,
    }


def sees_in_words(codes: Sequence[str] | None) -> str:
    """The first codes, and how many more."""
    if codes is None:
        return tr("Every customer")
    if not codes:
        return tr("No customer")
    more = len(codes) - _SHOWN
    listed = ", ".join(codes[:_SHOWN])
    return (
        tr(
            "{listed} and {other}",
            listed=listed,
            other=formats.counted(more, "{count} other", "{count} others"),
        )
        if more > 0
        else listed
    )
