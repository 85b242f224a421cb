"""The prices of a tariff as a short list."""

from decimal import Decimal

import pytest

from portal.core.tariffs.rules.tariff_prices import prices_of, with_prices
from portal.core.tariffs.rules.tariffs import Tariff
from portal.core.tariffs.service.published import presets


@pytest.mark.parametrize("tariff", [each.tariff for each in presets()], ids=range(len(presets())))
def test_every_published_tariff_has_six_prices_and_stays_itself_with_its_own(tariff: Tariff) -> None:
    prices = prices_of(tariff)
    assert len(prices) == 6
    assert with_prices(tariff, [each.rate_per_kwh for each in prices]) == tariff


def test_other_prices_change_nothing_else() -> None:
    tariff = presets()[0].tariff
    doubled = with_prices(tariff, [each.rate_per_kwh * 2 for each in prices_of(tariff)])
    assert [each.rate_per_kwh for each in prices_of(doubled)] == [
        each.rate_per_kwh * 2 for each in prices_of(tariff)
    ]
    assert [each.name for each in prices_of(doubled)] == [each.name for each in prices_of(tariff)]
    assert doubled.periods[0].start_time == tariff.periods[0].start_time
    with pytest.raises(ValueError, match="shorter"):
        with_prices(tariff, [Decimal(1)])
