"""Which addresses others can reach."""

import pytest

from portal.commands.reach import is_beyond_this_machine


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_is_its_own_loopback(host: str) -> None:
    assert not is_beyond_this_machine(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "2001:db8::1", "no such name"])
def test_everything_else_is_beyond_it(host: str) -> None:
    assert is_beyond_this_machine(host)
