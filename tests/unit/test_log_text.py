"""What a text becomes before it is logged."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.core.budget import Budget, Grant
from portal.core.log_text import is_secret, masked, one_line, safe

_TOKEN = "AbCdEf0123456789" * 4


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Cookie: baz=1; portal_session=2", "Cookie: ***"),
        ("set-cookie: portal_session=2; HttpOnly", "set-cookie: ***"),
        ("{'cookie': 'a=b; c=d', 'host': 'x'}", "{'cookie': ***, 'host': 'x'}"),
        ("[(b'cookie', b'a=b; c=d'), (b'host', b'x')]", "[(b'cookie', ***), (b'host', b'x')]"),
        (f"X-Customer-Token: {_TOKEN}", "X-Customer-Token: ***"),
        (f"a token {_TOKEN} and more", "a token *** and more"),
        ("Authorization: Bearer abc def", "Authorization: ***"),
        ("sent Bearer abc.def", "sent Bearer ***"),
        ("/set-password?token=abc&next=/x", "/set-password?token=***&next=/x"),
        ('{"password": "a \\"quoted\\" one", "b": 1}', '{"password": ***, "b": 1}'),
        (r"{\"password\": \"two words\", \"b\": 1}", r"{\"password\": ***, \"b\": 1}"),
        ("Event(name='x', payload={'a': 'b'}, more='c')", "Event(name='x', payload= ***"),
        ("postgresql://portal:pw@db/portal", "postgresql://portal:***@db/portal"),
        ("No token provided in connection for session x", "No token provided in connection for session x"),
        ("device 8d7f2c1e-4a55-4a4c-9a87-0d5d6f0b1c2d", "device 8d7f2c1e-4a55-4a4c-9a87-0d5d6f0b1c2d"),
    ],
)
def test_secrets_are_masked_and_the_rest_stays(text: str, shown: str) -> None:
    assert masked(text) == shown


@given(st.text(max_size=700))
def test_whatever_comes_is_one_short_printable_line(text: str) -> None:
    line = safe(text)
    assert line.isprintable()
    assert len(line.splitlines()) <= 1
    assert len(line) <= 500


@given(st.text())
def test_what_is_printable_already_is_not_changed(text: str) -> None:
    assert one_line(one_line(text)) == one_line(text)


@given(st.integers(0, 9000), st.sampled_from(["portal_session=", "token: ", "Cookie: x=", ""]))
@example(3585, "portal_session=")
def test_no_part_of_a_token_is_seen_wherever_it_stands_in_a_long_text(before: int, name: str) -> None:
    words = "word " * (before // 5)
    assert _TOKEN[:12] not in safe(f"{words}{name}{_TOKEN} {_TOKEN * 80}", longest=10_000)


@pytest.mark.parametrize(
    "name", ["token", "X-Customer-Token", "new_password", "API-Key", "Cookie", "payload"]
)
def test_a_field_is_secret_by_its_name(name: str) -> None:
    assert is_secret(name)


def test_a_budget_is_spent_by_each_and_by_all_and_renewed_by_time() -> None:
    now = [0.0]
    budget = Budget(2, 5, seconds=60, clock=lambda: now[0])
    assert [budget.take("a") for _ in range(3)] == [Grant.YES, Grant.LAST, Grant.NO]
    assert [budget.take(str(number)) for number in range(4)] == [Grant.YES, Grant.YES, Grant.LAST, Grant.NO]
    now[0] = 60
    assert budget.take("a") is Grant.YES
