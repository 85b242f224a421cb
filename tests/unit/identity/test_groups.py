"""What the groups of a provider of single sign-on mean."""

import pytest

from portal.core.identity.rules.groups import Admission, GroupRules, admission

_RULES = GroupRules(("admins", "root"), ("staff",), "customer-")


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (["staff", "root"], Admission(is_admin=True)),
        (["staff", "customer-acme"], Admission(is_admin=False)),
        (
            ["customer-Acme", "customer-north", "x"],
            Admission(is_admin=False, customers=frozenset({"acme", "north"})),
        ),
        (["customer-"], None),
        (["ADMINS"], None),
        ([], None),
    ],
)
def test_the_most_that_any_group_gives(groups: list[str], expected: Admission | None) -> None:
    assert admission(groups, _RULES) == expected


def test_without_rules_nobody_comes_in() -> None:
    assert admission(["", "admins", "customer-acme"], GroupRules()) is None
