"""The week of a tariff as a heat map, and its periods' colours."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal

from portal.core.tariffs.queries.tariffs import MunicipalTariffs
from portal.core.tariffs.rules.tariffs import MonthDay, Period, Season, Tariff
from portal.features.cost.hues import hues_of
from portal.features.rates.view import build_card, build_cards, gaps_in_words, heat_maps, percent
from portal.ui import tokens

PEAK = Period("Peak", 31, time(17, 15), time(20), Decimal("3.75"))
TARIFF = Tariff(
    id=1,
    municipality_id=1,
    name="TOU",
    effective_from=date(2026, 1, 1),
    effective_to=None,
    default_rate_per_kwh=Decimal("2.50"),
    fixed_monthly_charge=Decimal(120),
    vat_rate=Decimal("0.15"),
    is_active=True,
    currency=None,
    periods=(PEAK,),
)


def test_a_rate_that_changes_within_an_hour_shares_it_by_the_minute() -> None:
    [week] = heat_maps(TARIFF, "R")
    cell = week.rows[0]["cells"][17]
    assert cell["hue"] == (
        f"linear-gradient(90deg, {tokens.DEFAULT_RATE} 0.0% 25.0%, {tokens.PEAK} 25.0% 100.0%)"
    )
    assert cell["title"] == ("Monday 17:00 to 18:00: Default rate R\u00a02.50, from 17:15 Peak R\u00a03.75")


def test_whole_hours_have_one_hue_and_days_without_the_period_another() -> None:
    [week] = heat_maps(TARIFF, "R")
    assert week.rows[0]["cells"][18]["hue"] == tokens.PEAK
    assert week.rows[5]["cells"][18]["hue"] == tokens.DEFAULT_RATE
    assert [len(row["cells"]) for row in week.rows] == [24] * 7


def test_a_legend_says_what_the_colours_mean() -> None:
    [week] = heat_maps(TARIFF, "R")
    assert week.rates == [
        {"hue": tokens.DEFAULT_RATE, "label": "Default rate R\u00a02.50"},
        {"hue": tokens.PEAK, "label": "Peak R\u00a03.75"},
    ]


def test_every_season_has_a_week() -> None:
    winter = Season("High season", MonthDay(6, 1), MonthDay(8, 31), Decimal(4))
    weeks = heat_maps(replace(TARIFF, seasons=(winter,)), "R")
    assert [week.title for week in weeks] == ["Outside the seasons", "High season"]
    assert weeks[1].rates == [{"hue": tokens.DEFAULT_RATE, "label": "Default rate R\u00a04.00"}]


def test_names_that_say_nothing_have_hues_that_differ() -> None:
    hues = hues_of(["Block A", "Block B", "Peak", None])
    assert hues["Peak"] == tokens.PEAK
    assert len(set(hues.values())) == 4


def test_a_card_says_its_rates_without_zeros_that_mean_nothing() -> None:
    card = build_card(TARIFF, "Example City", "ZAR")
    assert {"label": "VAT", "value": "15\u00a0%"} in card.facts
    assert card.periods[0]["hue"] == tokens.PEAK
    assert percent(Decimal("0.155")) == "15.5"


def test_what_has_no_price_is_said_with_its_days() -> None:
    ended = replace(TARIFF, effective_to=date(2026, 6, 30))
    later = replace(TARIFF, id=2, effective_from=date(2026, 7, 3), effective_to=date(2026, 12, 31))
    twin = replace(TARIFF, id=3, effective_to=None, is_active=False)
    municipalities = [
        MunicipalTariffs(1, "Town", "Africa/Johannesburg", (ended, later, twin)),
        MunicipalTariffs(2, "Base", "Mars/Olympus", (TARIFF,)),
        MunicipalTariffs(3, "Twins", "UTC", (TARIFF, replace(ended, id=4))),
    ]
    assert gaps_in_words(municipalities) == [
        "Town: no active tariff covers 1 \u2013 2 Jul 2026. Energy then has no price.",
        "Town: no active tariff covers 1 Jan 2027 and later. Energy then has no price.",
        (
            "Base: the time zone Mars/Olympus is not known any more, so none of its rates hold."
            " Choose another zone for it."
        ),
    ]


def test_a_card_says_whether_its_tariff_holds_today() -> None:
    old = replace(TARIFF, effective_to=date(2026, 6, 30))
    this = replace(TARIFF, id=2, effective_from=date(2026, 7, 1))
    newer = replace(TARIFF, id=3, effective_from=date(2026, 11, 30))
    later = replace(TARIFF, id=4, effective_from=date(2027, 7, 1))
    draft = replace(TARIFF, id=5, is_active=False)
    # 22:30 UTC on the 29th is the 30th in Johannesburg.
    now = datetime(2026, 11, 29, 22, 30, tzinfo=UTC)
    town = MunicipalTariffs(1, "Town", "Africa/Johannesburg", (old, this, newer, later, draft))
    assert [(card.state, card.tone) for card in build_cards([town], "ZAR", now)] == [
        ("Ended 30 Jun 2026", "neutral"),
        ("Replaced 30 Nov 2026", "neutral"),
        ("In force", "ok"),
        ("Starts 1 Jul 2027", "neutral"),
        ("Draft", "neutral"),
    ]


def test_a_default_rate_with_a_name_is_called_by_it_and_has_its_hue() -> None:
    named = replace(TARIFF, default_name="Standard")
    [week] = heat_maps(named, "R")
    assert week.rows[0]["cells"][6] == {
        "hue": tokens.STANDARD,
        "title": "Monday 06:00 to 07:00: Standard R\u00a02.50",
    }
    assert [line["label"] for line in week.rates] == ["Peak R\u00a03.75", "Standard R\u00a02.50"]
    facts = {fact["label"]: fact["value"] for fact in build_card(named, "Town", "ZAR").facts}
    assert facts["Standard"] == "R 2.50 per kWh at all other times"


def test_a_card_names_what_its_price_list_charges_besides() -> None:
    card = build_card(replace(TARIFF, not_included="Demand R 254.76 per kVA; Legacy 25 c/kWh"), "Town", "ZAR")
    assert card.left_out == ["Demand R 254.76 per kVA", "Legacy 25 c/kWh"]
