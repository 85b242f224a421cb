"""The rows of the tariff's form: periods, seasons and public holidays, each a line of boxes."""

from collections.abc import Sequence
from datetime import date

import reflex as rx

from portal.client.rates.draft import DAYS, GRID, NEW_ROWS, HolidayDraft, PeriodDraft, SeasonDraft
from portal.client.rates.editor_state import TariffDraftState as State
from portal.client.rates.fields import boxes_of
from portal.client.rates.grid_state import TariffGridState as Grid
from portal.core.languages import tr
from portal.core.tariffs.rules.tariffs import DAY_NAMES
from portal.ui import formats
from portal.ui.forms import Typed, button, icon_button
from portal.ui.range_picker import segment_group
from portal.ui.vars import Change, Text, is_some, sentence

HOLIDAYS_FORM = "fill-holidays"
_MONTHS = tuple((f"{month:02}", f"{formats.month_name(date(2024, month, 1))}") for month in range(1, 13))
_DAYS_OF_MONTH = tuple((f"{day:02}", str(day)) for day in range(1, 32))
_DAY_NAMES = (*map(tr, DAY_NAMES), tr("Holidays of their own kind"))


def options(choices: Sequence[tuple[str, str]]) -> rx.Component:
    return rx.fragment(*[rx.el.option(tr(words), value=key) for key, words in choices])


def text_box(
    name: Text,
    value: Text,
    on_change: Change,
    label: str,
    kind: Typed = "text",
    width: str = "100%",
) -> rx.Component:
    return rx.debounce_input(
        rx.el.input(
            name=name,
            type=kind,
            value=value,
            on_change=on_change,
            aria_label=label,
            class_name="ui-input",
            style={"width": width},
        ),
        debounce_timeout=300,
    )


def _row_box(part: str, index: rx.Var[int], name: str, value: Text) -> rx.Component:
    """A box of a row; its label is for those who do not see what stands over the row."""
    box = dict(boxes_of(NEW_ROWS[part]))[name]
    if box.kind.choices:
        return _row_choice(part, index, name, value, box.kind.choices, tr(box.label), box.width)
    return text_box(
        _box(part, index, name),
        value,
        lambda typed: State.set_row(part, index, name, typed),
        tr(box.label),
        box.kind.typed,
        box.width,
    )


def _row_choice(
    part: str,
    index: rx.Var[int],
    name: str,
    value: Text,
    choices: Sequence[tuple[str, str]],
    label: str,
    width: str = "auto",
) -> rx.Component:
    return rx.el.select(
        options(choices),
        name=_box(part, index, name),
        value=value,
        on_change=lambda chosen: State.set_row(part, index, name, chosen),
        aria_label=label,
        class_name="ui-input",
        style={"width": width},
    )


def _box(part: str, index: rx.Var[int], name: str) -> rx.Var[str]:
    return rx.Var.create(f"{part}.{index}.{name}")


def period_row(period: PeriodDraft, index: rx.Var[int]) -> rx.Component:
    name, *others = [
        _row_box("periods", index, name, getattr(period, name)) for name, _ in boxes_of(PeriodDraft)
    ]
    return rx.el.div(
        name,
        rx.cond(is_some(State.draft.seasons), _period_season(period, index), rx.fragment()),
        _days(period, index),
        *others,
        _duplicate("periods", index),
        _remove("periods", index),
        class_name="ui-edit-row",
    )


def _days(period: PeriodDraft, index: rx.Var[int]) -> rx.Component:
    days = [_day(period, index, bit) for bit in range(8)]
    return rx.fragment(
        segment_group(*days, label=tr("Days")),
        rx.el.input(
            type="hidden",
            name=_box("periods", index, "days"),
            value=rx.Var.create(period.days).map(lambda on: rx.cond(on, "x", "-")).join(""),
            read_only=True,
        ),
    )


def period_titles() -> rx.Component:
    """What the fields of the rows below are, for those who see them; each has a name of its own for the others."""

    def title(words: str, width: str) -> rx.Component:
        return rx.el.span(words, style={"width": width})

    name, *others = [title(tr(box.title), box.width) for _, box in boxes_of(PeriodDraft)]
    return rx.el.div(
        name,
        rx.cond(is_some(State.draft.seasons), title(tr("Season"), "190px"), rx.fragment()),
        title(tr("Days; H is holidays"), "242px"),
        *others,
        aria_hidden=True,
        class_name="ui-edit-row ui-edit-titles",
    )


def _period_season(period: PeriodDraft, index: rx.Var[int]) -> rx.Component:
    return rx.el.select(
        rx.el.option(tr("All year / rest of it"), value=""),
        rx.foreach(State.draft.seasons, _season_option),
        name=_box("periods", index, "season"),
        value=period.season,
        on_change=lambda chosen: State.set_row("periods", index, "season", chosen),
        aria_label=tr("Season"),
        class_name="ui-input",
        style={"width": "190px"},
    )


def _season_option(season: SeasonDraft, index: rx.Var[int]) -> rx.Component:
    """Two stretches of the year may have one name, and a new season has none yet."""
    number = index.to(int) + 1
    return rx.el.option(
        rx.cond(season.name, f"{number}: {season.name}", sentence("{number}: no name yet", number=number)),
        value=season.key,
    )


def _day(period: PeriodDraft, index: rx.Var[int], bit: int) -> rx.Component:
    return rx.el.button(
        DAYS[bit],
        type="button",
        aria_label=_DAY_NAMES[bit],
        title=_DAY_NAMES[bit],
        on_click=State.toggle_day(index, bit),
        custom_attrs={"aria-pressed": rx.cond(period.days[bit], "true", "false")},
        class_name="ui-segment",
    )


def season_row(season: SeasonDraft, index: rx.Var[int]) -> rx.Component:
    def day(name: str, choices: Sequence[tuple[str, str]], label: str) -> rx.Component:
        return _row_choice("seasons", index, name, getattr(season, name), choices, label)

    name, *others = [
        (tr(box.label), _row_box("seasons", index, name, getattr(season, name)))
        for name, box in boxes_of(SeasonDraft)
    ]
    rates = [part for label, box in others for part in (rx.el.span(label), box)]
    return rx.el.div(
        name[1],
        rx.el.input(type="hidden", name=_box("seasons", index, "key"), value=season.key, read_only=True),
        day("first_day", _DAYS_OF_MONTH, tr("First day of the season")),
        day("first_month", _MONTHS, tr("Month of the first day")),
        rx.el.span(tr("to")),
        day("last_day", _DAYS_OF_MONTH, tr("Last day of the season")),
        day("last_month", _MONTHS, tr("Month of the last day")),
        rx.cond(State.draft.layout == GRID, rx.fragment(), rx.fragment(*rates, _duplicate("seasons", index))),
        _remove("seasons", index),
        class_name="ui-edit-row",
    )


def holiday_row(holiday: HolidayDraft, index: rx.Var[int]) -> rx.Component:
    boxes = [_row_box("holidays", index, name, getattr(holiday, name)) for name, _ in boxes_of(HolidayDraft)]
    return rx.el.div(*boxes, _remove("holidays", index), class_name="ui-edit-row")


def fill_holidays() -> rx.Component:
    return rx.el.div(
        rx.el.input(
            name="country",
            form=HOLIDAYS_FORM,
            default_value="ZA",
            max_length=2,
            aria_label=tr("Country code"),
            class_name="ui-input",
            style={"width": "64px"},
        ),
        button(
            tr("Fill with the country's public holidays"), kind="submit", size="small", form=HOLIDAYS_FORM
        ),
        class_name="ui-edit-row",
    )


def add_row(part: str, words: str) -> rx.Component:
    return button(rx.icon("plus", size=15), words, size="small", on_click=State.change_rows(part, -1))


def _remove(part: str, index: rx.Var[int]) -> rx.Component:
    return icon_button(rx.icon("x", size=16), label=tr("Remove"), on_click=State.change_rows(part, index))


def _duplicate(part: str, index: rx.Var[int]) -> rx.Component:
    copy = Grid.duplicate_row(part, index)
    return icon_button(rx.icon("copy", size=16), label=tr("Duplicate"), on_click=copy)
