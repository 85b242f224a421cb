"""What may stand below what, and what a virtual meter may be made of."""

from uuid import UUID

import pytest

from portal.core.errors import Conflict, Invalid
from portal.core.sites.rules.meter_tree import (
    DeviceKind,
    Formula,
    Tree,
    TreePosition,
    check_position,
    check_removal,
    formula_of,
    kind_of,
)

YARD, SHOP = UUID(int=1), UUID(int=2)
MAIN, COLD, ICE, REST, ELSEWHERE, NEW = (UUID(int=number) for number in range(10, 16))


def tree() -> Tree:
    return {
        MAIN: TreePosition(YARD, "Main"),
        COLD: TreePosition(YARD, "Cold room", MAIN),
        ICE: TreePosition(YARD, "Ice plant", MAIN),
        REST: TreePosition(YARD, "Rest", MAIN, Formula((MAIN,), (COLD, ICE))),
        ELSEWHERE: TreePosition(SHOP, "Shop"),
    }


def test_the_kind_follows_from_what_is_above_and_from_the_formula() -> None:
    assert kind_of(None, None) is DeviceKind.BULK
    assert kind_of(MAIN, None) is DeviceKind.SUB
    assert kind_of(MAIN, Formula((MAIN,))) is DeviceKind.VIRTUAL
    assert kind_of(None, Formula((MAIN,))) is DeviceKind.VIRTUAL


def test_a_formula_is_read_back_as_it_was_stored() -> None:
    formula = Formula((MAIN,), (COLD, ICE))
    assert formula_of(formula.stored()) == formula
    assert dict(formula.signs()) == {MAIN: 1, COLD: -1, ICE: -1}
    assert formula_of(None) is None


@pytest.mark.parametrize(
    "wanted",
    [
        TreePosition(YARD, "New"),
        TreePosition(YARD, "New", MAIN),
        TreePosition(YARD, "New", COLD),
        TreePosition(YARD, "New", None, Formula((COLD, ICE))),
    ],
)
def test_these_positions_are_sound(wanted: TreePosition) -> None:
    check_position(NEW, wanted, tree())


@pytest.mark.parametrize(
    ("device", "wanted", "words"),
    [
        (NEW, TreePosition(YARD, "New", ELSEWHERE), "same site"),
        (NEW, TreePosition(YARD, "New", UUID(int=99)), "same site"),
        (NEW, TreePosition(YARD, "New", REST), "calculated"),
        (COLD, TreePosition(YARD, "Cold room", COLD), "another one"),
        (MAIN, TreePosition(YARD, "Main", COLD), "below it already"),
        (NEW, TreePosition(YARD, "New", None, Formula(())), "at least one"),
        (NEW, TreePosition(YARD, "New", None, Formula((MAIN,), (MAIN,))), "once"),
        (NEW, TreePosition(YARD, "New", None, Formula((ELSEWHERE,))), "own site"),
        (NEW, TreePosition(YARD, "New", None, Formula((REST,))), "calculated itself"),
        (REST, TreePosition(YARD, "Rest", None, Formula((REST,))), "own site"),
    ],
)
def test_these_are_refused_in_words(device: UUID, wanted: TreePosition, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        check_position(device, wanted, tree())


def test_a_meter_leaves_no_other_behind() -> None:
    with pytest.raises(Conflict, match="'Cold room', 'Ice plant', 'Rest' depend on it"):
        check_position(MAIN, TreePosition(SHOP, "Main"), tree())
    with pytest.raises(Conflict, match="'Rest' depends on it"):
        check_removal(COLD, tree())
    check_removal(REST, tree())
