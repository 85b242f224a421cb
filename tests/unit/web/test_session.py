"""The session cookie among others, some of them broken."""

import pytest

from portal.web.http.session import fingerprint, token_in


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("portal_session=abc", "abc"),
        ("theme=dark; portal_session=abc; x=1", "abc"),
        ('broken="; portal_session=abc', "abc"),
        ("{json: [1]}; portal_session=abc", "abc"),
        ("xportal_session=abc", None),
        ("portal_session=", None),
        ("", None),
        (None, None),
    ],
)
def test_the_token_is_found(header: str | None, token: str | None) -> None:
    assert token_in(header) == token


def test_a_fingerprint_does_not_hold_the_token() -> None:
    assert "abc" not in fingerprint("abc")
    assert fingerprint("abc") == fingerprint("abc") != fingerprint("abd")
    assert fingerprint(None) == ""
