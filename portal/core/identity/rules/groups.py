"""What the groups of a provider of single sign-on mean: as what a person comes in, and which customers they see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True)
class GroupRules:
    """Which groups make an admin and a user; one that begins with the prefix ends with the code of a customer."""

    admin_groups: Collection[str] = ()
    user_groups: Collection[str] = ()
    customer_prefix: str = ""


@dataclass(frozen=True, slots=True)
class Admission:
    """As what somebody comes in; `customers` are the codes of the customers they are limited to, None: no limit.

    Where no group names customers (`says_customers` is not so), a limit that was set by hand stays.
    """

    is_admin: bool
    customers: frozenset[str] | None = None
    says_customers: bool = True


def admission(groups: Collection[str], rules: GroupRules) -> Admission | None:
    """Return as what a person of these groups comes in; None where none of them lets anybody in.

    The most that any group gives: an admin, a user who sees everything, a user who sees some customers.
    """
    own = set(groups)
    if own & set(rules.admin_groups):
        return Admission(is_admin=True)
    if own & set(rules.user_groups):
        return Admission(is_admin=False, says_customers=bool(rules.customer_prefix))
    prefix = rules.customer_prefix
    named = [each for each in own if prefix and each.startswith(prefix)]
    codes = {each[len(prefix) :].lower() for each in named} - {""}
    return Admission(is_admin=False, customers=frozenset(codes)) if codes else None
