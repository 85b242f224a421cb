"""Roles and machine tokens."""

import hashlib
import re

import pytest

from portal.core.access import Role
from portal.core.values.tokens import new_api_key, new_device_token, new_token, token_hash


@pytest.mark.parametrize(
    ("held", "required", "covered"),
    [
        (Role.ADMIN, Role.ADMIN, True),
        (Role.ADMIN, Role.USER, True),
        (Role.USER, Role.USER, True),
        (Role.USER, Role.ADMIN, False),
    ],
)
def test_an_admin_covers_everything_and_a_user_only_users(
    held: Role, required: Role, *, covered: bool
) -> None:
    assert held.covers(required) is covered


def test_roles_are_what_the_command_line_takes() -> None:
    assert Role("admin") is Role.ADMIN
    assert str(Role.USER) == "user"


@pytest.mark.parametrize("make", [new_token, new_device_token])
def test_tokens_are_64_hex_characters_and_never_twice_the_same(make) -> None:  # noqa: ANN001
    made = {make() for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch("[0-9a-f]{64}", token) for token in made)


def test_api_keys_can_be_told_from_tokens() -> None:
    key = new_api_key()
    assert key.startswith("pak_")
    assert len(key) == 4 + 64


def test_what_is_stored_is_the_sha_256() -> None:
    token = new_token()
    assert token_hash(token) == hashlib.sha256(token.encode()).hexdigest()
    assert token not in token_hash(token)
