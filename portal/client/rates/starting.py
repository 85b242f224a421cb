"""Where a draft begins, and what it is compared with."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from portal.client.rates.draft import Draft, HolidayDraft, draft_of, fingerprint, holiday_draft
from portal.client.rates.grid import blank, opened
from portal.core.cost.service import tariff_comparison
from portal.core.errors import Invalid, NotFound
from portal.core.languages import tr
from portal.core.stack import current
from portal.core.tariffs.rules.tariff_drafts import next_year
from portal.core.tariffs.rules.tariffs import Tariff
from portal.core.tariffs.service import published, tariffs
from portal.core.values.numbers import exact_number, shown
from portal.ui import formats

_MOST_PERCENT = 1000


def name_of(municipality: str, first: str) -> str:
    """What a tariff of a municipality is called until somebody says otherwise: with its rate year, like 2026/27."""
    day = day_of(first)
    if not municipality or day is None:
        return municipality
    year = f"{day.year}" if (day.month, day.day) == (1, 1) else f"{day.year}/{(day.year + 1) % 100:02}"
    return f"{municipality} {year}"


async def starting_point(kind: str, key: str, percent: str) -> Draft:
    if kind == "preset":
        preset = published.presets()[int(key)]
        source = f"Source: {preset.source} ({preset.confidence})."
        note = tr(
            "Figures of {provider} {year}, not official. {source}",
            provider=preset.provider,
            year=preset.year,
            source=source,
        )
        return opened(draft_of(preset.tariff, note), preset.tariff)
    if kind in ("edit", "copy"):
        tariff = await _stored(int(key))
        if kind == "copy":
            copied = next_year(tariff, _percent(percent))
            return opened(draft_of(copied), copied)
        draft = draft_of(tariff)
        return opened(replace(draft, base=fingerprint(draft)), tariff)
    return blank(current().clock().date().isoformat())


async def _stored(tariff_id: int) -> Tariff:
    try:
        return (await tariffs.get_tariff(current(), tariff_id)).tariff
    except NotFound:
        raise NotFound(tr("This tariff has been deleted meanwhile.")) from None


def _percent(text: str) -> Decimal:
    try:
        percent = exact_number(text.strip().replace(",", ".") or "0")
        if abs(percent) <= _MOST_PERCENT:
            return percent
    except ValueError:
        pass
    raise Invalid(tr("{words} is no percentage, like 8.5.", words=shown(text)))


def day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def comparison_in_words(found: tariff_comparison.TariffComparison) -> list[str]:
    """Last month as it was and as it would have been."""
    actual, draft = found.actual, found.draft
    month = (
        formats.month(found.from_at)
        if found.from_at.day == 1
        else f"{formats.month(found.to_at - (found.to_at - found.from_at) / 2)}"
    )
    change = formats.change(draft.total, actual.total)
    return [
        tr(
            "Energy in {month}: {kwh} kWh, at the sites of this municipality",
            month=month,
            kwh=formats.kwh(found.kwh),
        ),
        tr("As priced then: {actual}", actual=_priced(actual)),
        tr("Under this draft: {draft}", draft=_priced(draft)) + (f", {change}" if change else ""),
        formats.as_of(found.as_of, found.time_zone),
    ]


def _priced(month: tariff_comparison.PricedMonth) -> str:
    total = formats.money(month.total, month.currency)
    if not month.fixed:
        return total
    energy, fixed = (formats.money(amount, month.currency) for amount in (month.energy, month.fixed))
    return tr("{total} ({energy} for energy, {fixed} fixed charges)", total=total, energy=energy, fixed=fixed)


def filled(draft: Draft, country: str, today: date) -> list[HolidayDraft]:
    """The draft's holidays and those of a country in the draft's window; without a last day, until the year's end."""
    first = day_of(draft.first) or today
    found = published.public_holidays(
        country.strip().upper(), first, day_of(draft.last) or date(first.year, 12, 31)
    )
    known = {each.on for each in draft.holidays}
    fresh = [holiday_draft(each) for each in found if each.on_date.isoformat() not in known]
    return sorted([*draft.holidays, *fresh], key=lambda each: each.on)
