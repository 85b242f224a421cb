"""What the login page says comes from its address, which anybody can write: words only from our own list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.auth.login.view import failure, notice


def test_a_wrong_password_and_a_closed_account_are_told_apart() -> None:
    assert "do not match" in failure({"error": "credentials"})
    assert failure({"error": "locked", "minutes": "14"}).endswith("opens again in 14 minutes.")
    assert failure({"error": "locked", "minutes": "1"}).endswith("opens again in 1 minute.")


@pytest.mark.parametrize("minutes", ["", "0", "-5", "1e9", "99999", "<b>", "١٢"])
def test_minutes_that_make_no_sense_are_not_repeated(minutes: str) -> None:
    assert failure({"error": "locked", "minutes": minutes}).endswith("opens again in a few minutes.")


@given(st.text(max_size=30).filter(lambda text: text not in ("credentials", "locked")))
def test_an_unknown_reason_says_nothing(reason: str) -> None:
    assert failure({"error": reason}) == ""


def test_signing_out_is_confirmed_but_not_beside_a_failure() -> None:
    assert notice({"signed-out": "1"}) == "You are signed out."
    assert notice({"signed-out": "1", "error": "credentials"}) == ""
