"""Several rows for one instant: what is stored follows from their values alone."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise, permutations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core.readings.rules.same_instant import (
    MergedReading,
    ReadingsByInstant,
    RowEffect,
    merged_source,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = tuple[tuple[int, int], dict[str, int | None]]
small = st.none() | st.integers(-2, 2)
rows = st.lists(
    st.tuples(
        st.tuples(st.integers(1, 2), st.integers(0, 2)),
        st.fixed_dictionaries({"p": small, "v": small, "e": small}),
    ),
    max_size=12,
)
NOTHING_BUT = dict.fromkeys(RowEffect, 0)


def stored(sent: Sequence[Row]) -> ReadingsByInstant[tuple[int, int]]:
    taken = ReadingsByInstant[tuple[int, int]]()
    taken.take(sent)
    return taken


@settings(max_examples=150, deadline=None)
@given(rows)
def test_the_greatest_is_the_readings_and_every_other_value_a_conflict(sent: list[Row]) -> None:
    values: dict[tuple[int, int], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for key, row in sent:
        for name in row:
            if (value := row[name]) is not None:
                values[key][name].add(value)
    taken = stored(sent)
    assert taken.readings.keys() == {key for key, _ in sent}
    for key, reading in taken.readings.items():
        assert reading.values == {name: max(found) for name, found in values[key].items()}
        assert reading.conflicts == {
            (name, value) for name, found in values[key].items() for value in found - {max(found)}
        }


@settings(max_examples=150, deadline=None)
@given(rows, st.randoms(use_true_random=False), st.lists(st.integers(0, 12), max_size=3))
def test_order_batches_and_repeats_change_nothing(
    sent: list[Row], chance: st.Random, cuts: list[int]
) -> None:
    repeated = [*sent, *chance.sample(sent, len(sent) // 2)]
    chance.shuffle(repeated)
    taken = ReadingsByInstant[tuple[int, int]]()
    edges = [0, *sorted(cuts), len(repeated)]
    for begin, end in pairwise(edges):
        taken.take(repeated[begin:end])
    assert taken.readings == stored(sent).readings
    assert taken.counts[RowEffect.ACCEPTED] == len(taken.readings)
    assert sum(taken.counts.values()) == len(repeated)


@settings(max_examples=75, deadline=None)
@given(rows)
def test_a_batch_sent_again_is_all_duplicates(sent: list[Row]) -> None:
    taken = stored(sent)
    before = dict(taken.readings)
    taken.counts = dict(NOTHING_BUT)
    taken.take(sent)
    assert taken.readings == before
    assert taken.counts == NOTHING_BUT | {RowEffect.DUPLICATE: len(sent)}


@pytest.mark.parametrize(
    ("first", "second", "effect", "values", "conflicts"),
    [
        ({"p": 1}, {"p": 1}, RowEffect.DUPLICATE, {"p": 1}, set()),
        ({"p": 1, "v": 2}, {"v": 2}, RowEffect.DUPLICATE, {"p": 1, "v": 2}, set()),
        ({"p": 1}, {"v": 2}, RowEffect.COMPLETED, {"p": 1, "v": 2}, set()),
        ({"p": 1}, {"p": 1, "v": 2}, RowEffect.COMPLETED, {"p": 1, "v": 2}, set()),
        ({"p": 1}, {"p": 3}, RowEffect.CONFLICT, {"p": 3}, {("p", 1)}),
        ({"p": 3}, {"p": 1}, RowEffect.CONFLICT, {"p": 3}, {("p", 1)}),
        ({"p": 3}, {"p": 1, "v": 2}, RowEffect.CONFLICT, {"p": 3, "v": 2}, {("p", 1)}),
        ({"p": 3, "v": 1}, {"p": 1, "v": 2}, RowEffect.CONFLICT, {"p": 3, "v": 2}, {("p", 1), ("v", 1)}),
        ({"p": -3}, {"p": 0}, RowEffect.CONFLICT, {"p": 0}, {("p", -3)}),
        ({"p": None}, {"p": 0}, RowEffect.COMPLETED, {"p": 0}, set()),
    ],
)
def test_what_a_second_row_is(
    first: dict[str, int | None],
    second: dict[str, int],
    effect: RowEffect,
    values: dict[str, int],
    conflicts: set[tuple[str, int]],
) -> None:
    taken = stored([((1, 0), first), ((1, 0), dict(second))])
    assert taken.counts == NOTHING_BUT | {RowEffect.ACCEPTED: 1} | {effect: 1}
    assert taken.readings == {(1, 0): MergedReading(values, frozenset(conflicts))}


def test_a_value_that_lost_once_is_known() -> None:
    taken = stored([((1, 0), {"p": 1}), ((1, 0), {"p": 2}), ((1, 0), {"p": 1})])
    assert taken.counts == {
        RowEffect.ACCEPTED: 1,
        RowEffect.DUPLICATE: 1,
        RowEffect.COMPLETED: 0,
        RowEffect.CONFLICT: 1,
    }


def test_whole_rows_chosen_by_content_would_depend_on_the_order() -> None:
    """Why the rule is by quantity: three rows that complete each other, in every order, come to one reading."""
    three: list[Row] = [
        ((1, 0), {"p": 1, "v": None}),
        ((1, 0), {"p": None, "v": 5}),
        ((1, 0), {"p": 2, "v": 1}),
    ]
    found = [stored(list(order)).readings for order in permutations(three)]
    assert all(each == found[0] for each in found)
    assert found[0][1, 0] == MergedReading({"p": 2, "v": 5}, frozenset({("p", 1), ("v", 1)}))


def test_the_source_is_the_greatest_text() -> None:
    for order in permutations(["board", None, "Board", "nem12"]):
        assert merged_source(order) == "nem12"
    assert merged_source([None, None]) is None
