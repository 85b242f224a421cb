"""The bound that other tests rely on: it holds who waits, and stretches with the machine."""

import time

import pytest

from tests.pace import within


def test_who_takes_longer_fails() -> None:
    with pytest.raises(AssertionError, match="times slower than idle"), within(0.001):
        time.sleep(0.5)


def test_who_is_in_time_passes() -> None:
    with within(5):
        time.sleep(0.1)


def test_a_failure_inside_stays_what_it_is() -> None:
    with pytest.raises(KeyError), within(0.001):
        raise KeyError
