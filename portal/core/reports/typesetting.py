"""Sets a month's report as PDF, with Typst: its page is `month_report.typ`, its texts and figures come as data."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typst

from portal.core.alerts.rules.conditions import duration_words
from portal.core.tariffs.rules.period_kinds import period_kind
from portal.core.values.money import round_money

if TYPE_CHECKING:
    from collections.abc import Iterable

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
_DEFAULT = "Default rate"
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
        "title": report.title,
        "so-far": report.is_so_far,
        "made": f"Made on {made:%-d %B %Y, %H:%M}",
        "zone": report.zone.key,
        "currency": totals.currency,
        "figures": figures_in_words(report),
        "notes": list(report.notes),
        "scale": scale,
        "scale-words": f"{_kwh(Decimal(repr(scale)))} kWh",
        "days": [_day(day) for day in report.days],
        "legend": _legend(report.periods),
        "periods": [_period(each, money) for each in _in_order(report.periods)],
        "period-total": [
            "Energy",
            _kwh(totals.kwh),
            money(totals.energy_cost),
            money.rate(totals.energy_cost, totals.kwh),
        ],
        "compared": [_compared(each, money) for each in report.compared],
        "sites": [_site(each, money) for each in report.sites],
        "site-total": ["All sites", *_amounts(totals, money)],
        "events": _events(report),
        "events-left-out": f"and {report.events_left_out} more, in the list of alerts"
        if report.events_left_out
        else "",
    }


class _Money:
    """Amounts of one currency in words, rounded once."""

    def __init__(self, currency: str) -> None:
        self._currency = currency

    def __call__(self, amount: Decimal) -> str:
        return f"{round_money(amount, self._currency):,}".replace(",", "\u2009")

    def rate(self, cost: Decimal, kwh: Decimal) -> str:
        """What a kWh came to; a dash where there is none."""
        return _NONE if kwh <= 0 else f"{cost / kwh:.4f}"


def figures_in_words(report: MonthReport) -> list[dict[str, str]]:
    """Return the four figures of a report, each with its label, unit and a note."""
    totals = report.totals
    money = _Money(totals.currency)
    previous = next((each for each in report.compared if not each.why_not), None)
    note = "" if previous is None else f"{_signed(previous.kwh_change)} against {previous.month:%B}"
    cost_note = "" if previous is None else f"{_signed(previous.cost_change)} against {previous.month:%B}"
    return [
        {"label": "Energy", "value": _kwh(totals.kwh), "unit": "kWh", "note": note},
        {
            "label": "Energy cost",
            "value": money(totals.energy_cost),
            "unit": totals.currency,
            "note": "with VAT",
        },
        {"label": "Fixed charges", "value": money(totals.fixed), "unit": totals.currency, "note": "with VAT"},
        {"label": "Total", "value": money(totals.total), "unit": totals.currency, "note": cost_note},
    ]


def _signed(change: float | None) -> str:
    return _NONE if change is None else f"{change:+.1%}".replace("%", " %").replace("-", "\u2212")


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
    return [
        {"kind": period_kind(each.name).value, "name": each.name or _DEFAULT} for each in _in_order(periods)
    ]


def _period(each: PeriodLine, money: _Money) -> dict[str, str]:
    return {
        "name": each.name or _DEFAULT,
        "kwh": _kwh(each.kwh),
        "cost": money(each.cost),
        "rate": money.rate(each.cost, each.kwh),
    }


def _compared(each: BesideMonth, money: _Money) -> dict[str, str]:
    other = each.other
    return {
        "label": each.label,
        "month": f"{each.month:%B %Y}",
        "why-not": each.why_not,
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
            "when": f"{each.began_at.astimezone(report.zone):%-d %b %H:%M}",
            "lasted": "open" if each.ended_at is None else duration_words(each.ended_at - each.began_at),
            "words": each.words,
        }
        for each in report.events
    ]


def _kwh(kwh: Decimal) -> str:
    return f"{kwh:,.1f}".replace(",", "\u2009")
