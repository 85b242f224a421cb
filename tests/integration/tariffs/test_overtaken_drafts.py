"""A tariff saved on the page beside somebody who changes or deletes it: what nobody was told of is not replaced."""

from dataclasses import replace
from decimal import Decimal

import pytest

from portal.client.rates import overtaken
from portal.client.rates.draft import Draft, draft_of, fingerprint
from portal.client.rates.overtaken import save_draft
from portal.core.stack import Stack
from portal.core.tariffs.rules.tariffs import Tariff
from portal.core.tariffs.service import municipalities, tariff_imports, tariffs
from tests.integration.meeting import come_second
from tests.integration.tariffs.test_imports_at_once import FLAT


@pytest.fixture
async def stack(client_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """One municipality with one tariff."""
    monkeypatch.setattr(overtaken, "current", lambda: client_stack)
    await municipalities.add_municipality(client_stack, "Old Town", "Africa/Johannesburg")
    await tariff_imports.import_tariffs(client_stack, [FLAT])
    return client_stack


async def _stored(stack: Stack) -> Tariff:
    return (await tariffs.list_tariffs(stack))[0].tariffs[0]


async def _typed(stack: Stack) -> Draft:
    begun = draft_of(await _stored(stack))
    return replace(begun, base=fingerprint(begun), fixed="111")


async def test_what_is_changed_while_it_is_saved_is_not_replaced_before_that_was_said(stack: Stack) -> None:
    draft = await _typed(stack)
    told = await come_second(stack, "UPDATE app.tariffs SET vat_rate = 0.1", save_draft(draft, ""))
    assert "It has been changed by somebody since you began" in told.words
    assert [str(each.normalize()) for each in _figures(await _stored(stack))] == ["1E+2", "0.1"]
    again = await come_second(stack, "UPDATE app.tariffs SET vat_rate = 0.2", save_draft(draft, told.mark))
    assert again.words
    assert again.mark != told.mark
    assert not (await save_draft(draft, again.mark)).words
    assert [str(each.normalize()) for each in _figures(await _stored(stack))] == ["111", "0.15"]


async def test_what_is_deleted_while_it_is_saved_becomes_a_new_tariff_by_a_second_press(stack: Stack) -> None:
    draft = await _typed(stack)
    told = await come_second(stack, "DELETE FROM app.tariffs", save_draft(draft, ""))
    assert "deleted since you began" in told.words
    assert not (await tariffs.list_tariffs(stack))[0].tariffs
    assert not (await save_draft(told.draft, "")).words
    assert str((await _stored(stack)).fixed_monthly_charge.normalize()) == "111"


def _figures(tariff: Tariff) -> list[Decimal]:
    return [tariff.fixed_monthly_charge, tariff.vat_rate]
