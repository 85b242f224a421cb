"""Sets a month's report as PDF, with Typst: its page is `month_report.typ`, its texts and figures come as data."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typst

from portal.core.alerts.rules.conditions import duration_words
from portal.core.languages import month_name, month_short, number_text, present, tr
from portal.core.tariffs.rules.period_kinds import period_kind
from portal.core.values.money import round_money
from portal.core.words import noted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from portal.core.brand.queries import StoredImage
    from portal.core.cost.rules.cost import DayCost
    from portal.core.delivery.mail import Letterhead
    from portal.core.reports.rules.month_report import (
        BesideMonth,
        MonthReport,
        MonthTotals,
        PeriodLine,
        SiteShare,
    )

_PAGE = Path(__file__).with_name("month_report.typ")
_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/svg+xml": "svg", "image/webp": "webp"}
_DEFAULT = noted("Default rate")
_NONE = "\u2013"
_ORDER = ("off-peak", "standard", "peak", "default", "other")


async def month_pdf(report: MonthReport, letterhead: Letterhead, logo: StoredImage | None) -> bytes:
    """Return the report as a PDF in the brand's colours; a logo that cannot be drawn is left out."""
    try:
        return await asyncio.to_thread(set_page, report, letterhead, logo)
    except typst.TypstError:
        if logo is None:
            raise
    return await asyncio.to_thread(set_page, report, letterhead, None)


def set_page(
    report: MonthReport,
    letterhead: Letterhead,
    logo: StoredImage | None,
    file_format: Literal["pdf", "png"] = "pdf",
) -> bytes:
    """Return the page as a file. Raises `typst.TypstError`. Only fonts that come with Typst: the same everywhere."""
    files: dict[str, bytes] = {"main": _PAGE.read_bytes()}
    name = None if logo is None else _SUFFIXES.get(logo.media_type)
    if logo is not None and name is not None:
        files[f"logo.{name}"] = logo.content
    data = page_data(report, letterhead, None if name is None else f"logo.{name}")
    files["data.json"] = json.dumps(data).encode()
    # Its stub does not know that files may be given by their names.
    return typst.compile(files, format=file_format, ignore_system_fonts=True)  # pyright: ignore[reportArgumentType]


def page_data(report: MonthReport, letterhead: Letterhead, logo: str | None) -> dict[str, object]:
    """Return every text and figure of the page."""
    totals = report.totals
    scale = max((float(day.kwh) for day in report.days), default=0.0)
    made = report.made_at.astimezone(report.zone)
    money = _Money(totals.currency)
    return {
        "brand": letterhead.name,
        "color": letterhead.color,
        "logo": logo,
        "title": month_words(report.totals.month),
        "language": present().language,
        "words": _page_words(totals.currency),
        "so-far": report.is_so_far,
        "made": tr(
            "Made on {day} {month}, {time}", day=made.day, month=month_words(made), time=f"{made:%H:%M}"
        ),
        "zone": report.zone.key,
        "currency": totals.currency,
        "figures": figures_in_words(report),
        "notes": [tr(note) for note in report.notes],
        "scale": scale,
        "scale-words": f"{_kwh(Decimal(repr(scale)))} kWh",
        "days": [_day(day) for day in report.days],
        "legend": _legend(report.periods),
        "periods": [_period(each, money) for each in _in_order(report.periods)],
        "period-total": [
            tr("Energy"),
            _kwh(totals.kwh),
            money(totals.energy_cost),
            money.rate(totals.energy_cost, totals.kwh),
        ],
        "compared": [_compared(each, money) for each in report.compared],
        "sites": [_site(each, money) for each in report.sites],
        "site-total": [tr("All sites"), *_amounts(totals, money)],
        "events": _events(report),
        "events-left-out": tr("and {more} more, in the list of alerts", more=report.events_left_out)
        if report.events_left_out
        else "",
    }


class _Money:
    """Amounts of one currency in words, rounded once."""

    def __init__(self, currency: str) -> None:
        self._currency = currency

    def __call__(self, amount: Decimal) -> str:
        return number_text(f"{round_money(amount, self._currency):,}")

    def rate(self, cost: Decimal, kwh: Decimal) -> str:
        """What a kWh came to; a dash where there is none."""
        return _NONE if kwh <= 0 else number_text(f"{cost / kwh:.4f}")


def figures_in_words(report: MonthReport) -> list[dict[str, str]]:
    """Return the four figures of a report, each with its label, unit and a note."""
    totals = report.totals
    money = _Money(totals.currency)
    previous = next((each for each in report.compared if not each.why_not), None)
    note, cost_note = ("", "") if previous is None else _against(previous)
    return [
        {"label": tr("Energy"), "value": _kwh(totals.kwh), "unit": "kWh", "note": note},
        {
            "label": tr("Energy cost"),
            "value": money(totals.energy_cost),
            "unit": totals.currency,
            "note": tr("with VAT"),
        },
        {
            "label": tr("Fixed charges"),
            "value": money(totals.fixed),
            "unit": totals.currency,
            "note": tr("with VAT"),
        },
        {"label": tr("Total"), "value": money(totals.total), "unit": totals.currency, "note": cost_note},
    ]


def _against(other: BesideMonth) -> tuple[str, str]:
    month = month_name(other.month)
    energy, cost = _signed(other.kwh_change), _signed(other.cost_change)
    return tr("{change} against {month}", change=energy, month=month), tr(
        "{change} against {month}", change=cost, month=month
    )


def month_words(on: date) -> str:
    """Return a month in the present language: `May 2026`."""
    return f"{month_name(on)} {on.year}"


def _page_words(currency: str) -> dict[str, str]:
    """Return what the page itself says."""
    return {
        "so-far": tr("so far"),
        "by-day": tr("Energy by day"),
        "by-period": tr("Cost by period"),
        "period": tr("Period"),
        "per-kwh": tr("per kWh"),
        "beside": tr("Beside other months"),
        "energy": tr("Energy"),
        "cost": tr("Cost"),
        "no-comparison": tr("No comparison"),
        "sites": tr("Sites"),
        "site": tr("Site"),
        "energy-in": tr("Energy, {currency}", currency=currency),
        "fixed-in": tr("Fixed, {currency}", currency=currency),
        "total-in": tr("Total, {currency}", currency=currency),
        "happened": tr("What happened"),
        "nothing-happened": tr("No alert in this month."),
        "amounts": tr("Amounts with VAT. Days and months by the clock of"),
        "bulk": tr("A site adds up its bulk meters."),
    }


def _signed(change: float | None) -> str:
    return (
        _NONE if change is None else number_text(f"{change:+.1%}".replace("%", " %").replace("-", "\u2212"))
    )


def _day(day: DayCost) -> dict[str, object]:
    parts = sorted(day.periods, key=lambda each: _ORDER.index(period_kind(each.name)))
    priced = sum((each.kwh for each in parts), Decimal(0))
    shown = [{"kind": period_kind(each.name).value, "kwh": float(each.kwh)} for each in parts if each.kwh > 0]
    if day.kwh > priced:
        shown.append({"kind": "default", "kwh": float(day.kwh - priced)})
    return {"label": str(day.date.day), "parts": shown}


def _in_order(periods: Iterable[PeriodLine]) -> list[PeriodLine]:
    return sorted(periods, key=lambda each: (_ORDER.index(period_kind(each.name)), each.name or ""))


def _legend(periods: Iterable[PeriodLine]) -> list[dict[str, str]]:
    return [{"kind": period_kind(each.name).value, "name": _called(each.name)} for each in _in_order(periods)]


def _called(period: str | None) -> str:
    return period or tr(_DEFAULT)


def _period(each: PeriodLine, money: _Money) -> dict[str, str]:
    return {
        "name": _called(each.name),
        "kwh": _kwh(each.kwh),
        "cost": money(each.cost),
        "rate": money.rate(each.cost, each.kwh),
    }


def _compared(each: BesideMonth, money: _Money) -> dict[str, str]:
    other = each.other
    return {
        "label": tr(each.label),
        "month": month_words(each.month),
        "why-not": tr(each.why_not),
        "kwh": _signed(each.kwh_change),
        "cost": _signed(each.cost_change),
        "kwh-then": "" if other is None else f"{_kwh(other.kwh)} kWh",
        "cost-then": "" if other is None else money(other.total),
    }


def _site(each: SiteShare, money: _Money) -> dict[str, str]:
    names = ("kwh", "energy", "fixed", "total")
    return {"name": each.name, **dict(zip(names, _amounts(each, money), strict=True))}


def _amounts(each: SiteShare | MonthTotals, money: _Money) -> tuple[str, str, str, str]:
    return _kwh(each.kwh), money(each.energy_cost), money(each.fixed), money(each.total)


def _events(report: MonthReport) -> list[dict[str, str]]:
    return [
        {
            "when": _when(each.began_at.astimezone(report.zone)),
            "lasted": tr("open") if each.ended_at is None else duration_words(each.ended_at - each.began_at),
            "words": tr(each.words),
        }
        for each in report.events
    ]


def _when(local: datetime) -> str:
    return f"{local.day} {month_short(local)} {local:%H:%M}"


def _kwh(kwh: Decimal) -> str:
    return number_text(f"{kwh:,.1f}")
