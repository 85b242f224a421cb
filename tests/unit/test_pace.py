"""The bound that other tests rely on: it holds who waits, and stretches with the machine."""

import time

import pytest

from tests.pace import stretched, within


def test_who_takes_longer_fails() -> None:
    with pytest.raises(AssertionError, match="as busy as this"), within(0.001):
        time.sleep(0.5)


def test_who_is_in_time_passes() -> None:
    with within(5):
        time.sleep(0.1)


def test_a_failure_inside_stays_what_it_is() -> None:
    with pytest.raises(KeyError), within(0.001):
        raise KeyError


def test_a_quiet_machine_stretches_nothing() -> None:
    assert stretched(2, took=0, worked=0) == 2  # nothing was measured
    assert stretched(2, took=4, worked=4) == 2
    assert stretched(2, took=3, worked=4) == 2  # clocks of two kinds never agree to the last digit


def test_a_busy_machine_stretches_by_how_much_slower_it_is_up_to_what_is_said() -> None:
    assert stretched(2, took=12, worked=4) == 6
    assert stretched(2, took=12, worked=4, at_most=5) == 5
    assert stretched(2, took=12, worked=4, at_most=9) == 6
