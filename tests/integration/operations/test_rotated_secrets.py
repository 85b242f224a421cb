"""The key under which secrets are sealed is changed: what was sealed still opens, and by the earlier key no more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from pyotp.totp import TOTP
from sqlalchemy import text

from portal.core.access import Role
from portal.core.alerts.service import alert_channels
from portal.core.alerts.service.alert_channels import ChannelFields, ChannelKind
from portal.core.errors import Conflict
from portal.core.identity import proof
from portal.core.identity.secrets.sealing import KEY_FILE
from portal.core.identity.service import accounts, second_factor, sessions
from portal.core.operations.service import sealed_secrets

if TYPE_CHECKING:
    from portal.core.stack import Stack
    from tests.integration.databases import Clock

ALICE, PASSWORD = "alice@example.com", "correct horse battery"
_TARGET = "https://hooks.example.com/T-a-secret"
_SEALED = "SELECT sealed_secret FROM app.second_factors"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_secrets, "_PAUSE_SECONDS", 0)


async def _furnished(stack: Stack, clock: Clock) -> TOTP:
    """Alice with a second factor, and a channel whose address is a secret."""
    await accounts.add_user(stack, ALICE, Role.ADMIN, PASSWORD)
    here = await sessions.sign_in(stack, ALICE, PASSWORD, "203.0.113.1", "Firefox")
    assert isinstance(here, sessions.SignedIn)
    app = TOTP((await second_factor.begin(stack, here.actor, PASSWORD)).secret)
    await second_factor.confirm(stack, here.actor, app.at(clock.now), here.token)
    clock.advance(seconds=60)
    await alert_channels.add_channel(
        stack, ChannelFields(name="Hook", kind=ChannelKind.WEBHOOK, target=_TARGET)
    )
    return app


async def _signs_in(stack: Stack, app: TOTP, clock: Clock) -> None:
    clock.advance(seconds=60)
    wanted = await sessions.sign_in(stack, ALICE, PASSWORD, "203.0.113.1", "Firefox")
    assert await sessions.finish_sign_in(stack, wanted.token, app.at(clock.now), "203.0.113.1", "Firefox")


async def _sealed(stack: Stack) -> str:
    async with stack.db.snapshot() as session:
        return (await session.execute(text(_SEALED))).scalar_one()


def _by(stack: Stack, key: str, *earlier: str) -> Stack:
    found = stack.settings.authentication
    keys = {"secret_key": SecretStr(key), "earlier_secret_keys": SecretStr("\n".join(earlier))}
    changed = {"authentication": found.model_copy(update=keys)}
    return replace(stack, settings=stack.settings.model_copy(update=changed))


async def test_the_key_of_the_file_is_changed_while_the_stack_runs(client_stack: Stack, clock: Clock) -> None:
    app = await _furnished(client_stack, clock)
    file = client_stack.settings.storage.data_directory / KEY_FILE
    before, sealer, sealed = file.read_bytes(), proof.seal(client_stack), await _sealed(client_stack)
    assert await sealed_secrets.rotate(client_stack) == 2
    assert file.read_bytes() != before
    assert len(file.read_bytes().split()) == 1
    assert file.stat().st_mode & 0o077 == 0
    assert sealer.open(sealed) == app.secret
    assert sealer.open(await _sealed(client_stack)) is None, "the earlier key opens nothing any more"
    assert proof.seal(client_stack).open(sealed) is None, "what was copied before needs the key from before"
    await _signs_in(client_stack, app, clock)
    assert await sealed_secrets.rotate(client_stack) == 2
    await _signs_in(client_stack, app, clock)


async def test_the_key_of_the_settings_is_changed_step_by_step(client_stack: Stack, clock: Clock) -> None:
    first, both, second = (_by(client_stack, *keys) for keys in (("one",), ("two", "one"), ("two",)))
    app = await _furnished(first, clock)
    await _signs_in(both, app, clock)
    with pytest.raises(Conflict, match="EarlierSecretKeys"):
        await sealed_secrets.rotate(second)
    await _signs_in(first, app, clock)
    assert await sealed_secrets.rotate(both) == 2
    await _signs_in(second, app, clock)
    assert proof.seal(first).open(await _sealed(client_stack)) is None
    async with client_stack.db.snapshot() as session:
        rows = await session.execute(
            text("SELECT subject FROM app.audit_events WHERE action = 'secrets.sealed_anew'")
        )
        assert rows.scalars().all() == ["2 secrets"]
