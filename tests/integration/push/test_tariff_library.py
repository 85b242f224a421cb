"""The operator keeps a tariff once; each Client is told, and a person there takes it over with one click."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest

from portal.core.errors import Conflict, Invalid, NotFound, Outdated
from portal.core.stack import Stack
from portal.core.tariffs.rules.tariffs import Tariff
from portal.core.tariffs.service import library, municipalities, offers, tariff_imports, tariffs
from portal.core.tariffs.service.offers import LibraryOffer
from tests.integration.push.rig import Rig, Sent

_CITY = "Example City"


def _tariff(year: int, rate: float, peak: float = 3.75, name: str = "Business TOU") -> dict[str, Any]:
    return {
        "municipality": _CITY,
        "name": f"{name} {year}/{year % 100 + 1}",
        "effectiveFrom": f"{year}-07-01",
        "effectiveTo": None,
        "defaultRatePerKwh": rate,
        "fixedMonthlyCharge": 120,
        "vatRate": 0.15,
        "periods": [
            {"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": peak}
        ],
    }


async def _publish(stack: Stack, *found: dict[str, Any]) -> list[UUID]:
    listed = [each | {"timeZoneId": "Africa/Johannesburg"} for each in found]
    return [each.id for each in await library.keep_editions(stack, listed, publish=True)]


async def _client_prices(rig: Rig) -> list[Tariff]:
    return [each for municipality in await tariffs.list_tariffs(rig.client) for each in municipality.tariffs]


async def _told(rig: Rig) -> list[LibraryOffer]:
    """Push something, as every Client does each minute, and return what it was told of."""
    rig.admin.shared._readings.clear()  # the stamp is read every few seconds
    await municipalities.add_municipality(rig.client, f"Town {len(rig.network.sent)}", "Africa/Johannesburg")
    await rig.drain()
    return await offers.list_offers(rig.client)


@pytest.fixture
async def priced(rig: Rig) -> Rig:
    """A Client that pays the prices of last year."""
    await municipalities.add_municipality(rig.client, _CITY, "Africa/Johannesburg")
    await tariff_imports.import_tariffs(rig.client, [_tariff(2025, 2.5)])
    await rig.drain()
    return rig


async def test_one_edit_and_one_click_and_nothing_by_itself(priced: Rig) -> None:
    [edition_id] = await _publish(priced.admin, _tariff(2026, 2.75, 4.5))
    [offer] = await _told(priced)
    assert offer.is_waiting
    assert {each.label for each in offer.differences} == {
        "default rate",
        "Peak",
    }
    assert [each.name for each in await _client_prices(priced)] == ["Business TOU 2025/26"]
    made = await offers.accept(priced.client, offer.id, expected=(offer.version,))
    old, new = await _client_prices(priced)
    assert (new.id, new.effective_from, new.default_rate_per_kwh) == (made, date(2026, 7, 1), Decimal("2.75"))
    assert old.is_active
    assert new.is_active
    [offer] = await _told(priced)
    assert (offer.answer, offer.is_waiting, offer.may_undo) == ("accepted", False, True)
    stored = await library.get_edition(priced.admin, edition_id)
    assert (stored.customers, stored.taken_over) == (1, 1)
    await offers.undo(priced.client, offer.id)
    assert await _client_prices(priced) == [old]
    [offer] = await offers.list_offers(priced.client)
    assert offer.is_waiting


async def test_the_library_is_asked_for_when_it_changed_alone(priced: Rig) -> None:
    await _publish(priced.admin, _tariff(2026, 2.75))
    await _told(priced)
    asked = [sent.batch_type for sent in priced.network.sent].count("/api/fleet/tariff-editions")
    assert asked == 1
    await _told(priced)
    await _publish(priced.admin, _tariff(2026, 2.75))  # the same again
    await _told(priced)
    assert [sent.batch_type for sent in priced.network.sent].count("/api/fleet/tariff-editions") == 1
    await _publish(priced.admin, _tariff(2026, 2.80))
    [offer] = await _told(priced)
    assert offer.tariff is not None
    assert offer.tariff.default_rate_per_kwh == Decimal("2.8")


async def test_a_changed_edition_is_asked_about_again_and_replaces_what_was_made_of_it(priced: Rig) -> None:
    await _publish(priced.admin, _tariff(2026, 2.75))
    [first] = await _told(priced)
    await offers.accept(priced.client, first.id)
    await _publish(priced.admin, _tariff(2026, 2.85))
    [changed] = await _told(priced)
    assert (changed.answer, changed.is_changed, changed.is_waiting) == (None, True, True)
    with pytest.raises(Outdated):
        await offers.accept(priced.client, changed.id, expected=(first.version,))
    await offers.accept(priced.client, changed.id, expected=(changed.version,))
    assert [each.default_rate_per_kwh for each in await _client_prices(priced)] == [
        Decimal("2.5"),
        Decimal("2.85"),
    ]
    await offers.undo(priced.client, changed.id)
    assert [each.default_rate_per_kwh for each in await _client_prices(priced)] == [Decimal("2.5")]


async def test_what_was_replaced_comes_back(priced: Rig) -> None:
    await tariff_imports.import_tariffs(priced.client, [_tariff(2026, 2.6)])
    before = await _client_prices(priced)
    await _publish(priced.admin, _tariff(2026, 2.75))
    [offer] = await _told(priced)
    assert offer.before == before[1]
    await offers.accept(priced.client, offer.id)
    await offers.undo(priced.client, offer.id)
    assert await _client_prices(priced) == before


async def test_a_tariff_that_somebody_changed_is_not_undone(priced: Rig) -> None:
    await _publish(priced.admin, _tariff(2026, 2.75))
    [offer] = await _told(priced)
    await offers.accept(priced.client, offer.id)
    await tariff_imports.import_tariffs(priced.client, [_tariff(2026, 2.99)])
    [offer] = await offers.list_offers(priced.client)
    assert not offer.may_undo
    with pytest.raises(Conflict):
        await offers.undo(priced.client, offer.id)


async def test_a_draft_prices_nothing_and_what_is_not_wanted_is_not_asked_again(priced: Rig) -> None:
    await _publish(priced.admin, _tariff(2026, 2.75), _tariff(2026, 9, name="Domestic"))
    meant, other = await _told(priced)
    assert (meant.is_meant, other.is_meant) == (True, False)
    await offers.accept(priced.client, meant.id, as_draft=True)
    assert [each.is_active for each in await _client_prices(priced)] == [True, False]
    await offers.undo(priced.client, meant.id)
    await offers.decline(priced.client, meant.id)
    assert await offers.count_waiting(priced.client) == 0
    await offers.undo(priced.client, meant.id)
    assert await offers.count_waiting(priced.client) == 1
    with pytest.raises(NotFound):
        await offers.accept(priced.client, UUID(int=7))
    # Two that begin on one day: nobody could tell which holds.
    await offers.accept(priced.client, meant.id)
    with pytest.raises(Invalid, match="nobody can tell which of them holds"):
        await offers.accept(priced.client, other.id)


async def test_an_edition_of_a_municipality_with_another_name_is_taken_over_for_one(rig: Rig) -> None:
    made = await municipalities.add_municipality(rig.client, "City of Example", "Africa/Johannesburg")
    await rig.drain()
    await _publish(rig.admin, _tariff(2026, 2.75))
    [offer] = await _told(rig)
    assert (offer.municipality_id, offer.is_meant) == (None, False)
    with pytest.raises(Conflict):
        await offers.accept(rig.client, offer.id)
    await offers.accept(rig.client, offer.id, made.id)
    [tariff] = await _client_prices(rig)
    assert tariff.municipality_id == made.id


async def test_what_is_taken_back_is_offered_no_more_and_stays_where_it_was_taken_over(priced: Rig) -> None:
    first, second = await _publish(priced.admin, _tariff(2026, 2.75), _tariff(2027, 3))
    await _told(priced)
    await offers.accept(priced.client, first)
    for edition_id in (first, second):
        await library.set_published(priced.admin, edition_id, is_published=False)
    [left] = await _told(priced)
    assert (left.id, left.is_withdrawn, left.answer) == (first, True, "accepted")
    assert len(await _client_prices(priced)) == 2


async def test_an_admin_of_an_earlier_release_is_not_asked_and_one_that_fails_stops_nothing(
    priced: Rig,
) -> None:
    def fails(sent: Sent) -> httpx.Response | None:
        return httpx.Response(500) if sent.batch_type == "/api/fleet/tariff-editions" else None

    await _publish(priced.admin, _tariff(2026, 2.75))
    priced.network.always = fails
    assert await _told(priced) == []
    assert (await priced.tick()).pending_rows == 0
    priced.network.always = None
    assert len(await _told(priced)) == 1


async def test_an_edition_of_a_later_release_is_kept_and_not_taken_over(priced: Rig) -> None:
    await _publish(priced.admin, _tariff(2026, 2.75))
    await _told(priced)
    async with priced.client.db.transaction() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("UPDATE app.tariff_offers SET tariff = '{\"blocks\": []}'")
    [offer] = await offers.list_offers(priced.client)
    assert (offer.tariff, offer.is_waiting) == (None, False)
    with pytest.raises(Conflict, match="upgrade"):
        await offers.accept(
            priced.client, offer.id, (await municipalities.list_municipalities(priced.client))[0].id
        )


async def test_what_the_library_takes_in_is_sound_and_told_in_the_trail(priced: Rig) -> None:
    stack = priced.admin
    with pytest.raises(Invalid, match="timeZoneId"):
        await library.save_edition(stack, _tariff(2026, 2.75) | {"municipality": "Nowhere"})
    with pytest.raises(Invalid, match="nobody confirmed it"):
        await library.save_edition(stack, _tariff(2026, -1))
    # The zone of a municipality that a customer has is known.
    made = await library.save_edition(stack, _tariff(2026, 2.75) | {"source": "Council, 28 May 2026"})
    stored = await library.get_edition(stack, made)
    assert (stored.edition.time_zone_id, stored.is_published) == ("Africa/Johannesburg", False)
    with pytest.raises(Conflict):
        await library.save_edition(stack, _tariff(2026, 3))
    await library.set_published(stack, made, is_published=True, expected=(stored.mark,))
    with pytest.raises(Outdated):
        await library.save_edition(stack, _tariff(2026, 3), made, (stored.mark,))
    with pytest.raises(Conflict):
        await library.remove_edition(stack, made)
    await library.set_published(stack, made, is_published=False)
    await library.remove_edition(stack, made)
    assert await library.list_editions(stack) == []
