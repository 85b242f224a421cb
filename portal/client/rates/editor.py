"""The form of a tariff, with the week it makes beside it."""

from collections.abc import Sequence
from datetime import date

import reflex as rx

from portal.client.rates.draft import DAYS, NEW_ROWS, Draft, HolidayDraft, PeriodDraft, SeasonDraft
from portal.client.rates.editor_state import TariffDraftState as State
from portal.client.rates.fields import FormBox, boxes_of
from portal.client.rates.state import RatesState
from portal.core.tariffs.rules.tariffs import DAY_NAMES
from portal.features.rates.parts import heat_maps
from portal.ui.cards import card
from portal.ui.feedback import callout, callouts
from portal.ui.forms import Typed, button, icon_button
from portal.ui.vars import Change, Text, is_some
from portal.web.events.drafts import kept_form, restored_notice

DRAFT = "tariff"
_HOLIDAYS_FORM = "fill-holidays"
_MONTHS = tuple((f"{month:02}", f"{date(2024, month, 1):%B}") for month in range(1, 13))
_DAYS_OF_MONTH = tuple((f"{day:02}", str(day)) for day in range(1, 32))
_DAY_NAMES = (*DAY_NAMES, "Holidays of their own kind")


def editor() -> rx.Component:
    """Everything of one tariff. What is saved is what stands in the boxes, so each of them has a name."""
    form = rx.el.form(
        # Enter would press the first button that submits: this one does nothing.
        rx.el.button(type="submit", disabled=True, aria_hidden=True, style={"display": "none"}),
        _fields(),
        on_submit=State.save,
        class_name="ui-edit-form",
    )
    return rx.fragment(
        rx.cond(State.restored != "", restored_notice(State.restored, on_discard=State.close), rx.fragment()),
        kept_form(form, scope=DRAFT, done=State.draft_done, revision=State.draft),
        # Outside: a form within a form is none.
        rx.el.form(id=_HOLIDAYS_FORM, on_submit=State.fill_holidays),
    )


def _fields() -> rx.Component:
    draft = State.draft
    return rx.fragment(
        *[rx.el.input(type="hidden", name=name, value=value, read_only=True) for name, value in _hidden()],
        rx.cond(draft.note != "", callout(draft.note, tone="note"), rx.fragment()),
        card(_heading(), title=rx.cond(draft.id != "", "Edit tariff", "New tariff")),
        card(
            rx.cond(is_some(draft.periods), _period_titles(), rx.fragment()),
            rx.foreach(draft.periods, _period),
            _add("periods", "Add period"),
            title="Periods",
            note="Local time; 00:00 as an end is the end of the day, and a period may go over midnight",
        ),
        card(
            rx.foreach(draft.seasons, _season),
            _add("seasons", "Add season"),
            title="Seasons",
            note="A season has periods and a default rate of its own",
        ),
        card(
            rx.foreach(draft.holidays, _holiday),
            rx.el.div(_add("holidays", "Add holiday"), _fill(), class_name="ui-edit-row"),
            title="Public holidays",
        ),
        card(
            rx.cond(
                is_some(State.maps),
                heat_maps(State.maps),
                rx.el.p("Shown once nothing is missing above.", class_name="ui-hint"),
            ),
            title="The week this makes",
        ),
        _foot(),
    )


def _hidden() -> tuple[tuple[str, Text], ...]:
    draft = State.draft
    return ("id", draft.id), ("base", draft.base), ("note", draft.note), ("agreed", State.agreed)


def _foot() -> rx.Component:
    """What is missing, what last month would have cost, and the buttons: always in sight."""
    return rx.el.div(
        rx.cond(State.failure != "", callout(State.failure, tone="fail"), rx.fragment()),
        rx.cond(
            is_some(State.problems),
            callout(rx.el.strong("Before it can be saved"), rx.el.ul(rx.foreach(State.problems, rx.el.li))),
            rx.fragment(),
        ),
        callouts(State.comparison, tone="note"),
        rx.cond(State.overtaken != "", _overtaken(), rx.fragment()),
        rx.el.div(
            button("Cancel", on_click=State.close),
            button("What would last month have cost?", on_click=State.compare),
            # Not in the same place: a second press on it is not meant for what was said since.
            rx.cond(
                State.overtaken == "", button("Save tariff", tone="primary", kind="submit"), rx.fragment()
            ),
            class_name="ui-row",
        ),
        class_name="ui-edit-foot",
    )


def _overtaken() -> rx.Component:
    """What somebody else has done to the tariff since, and the two ways on."""
    is_there = State.agreed != ""
    return callout(
        State.overtaken,
        rx.el.div(
            button(
                rx.cond(is_there, "Save all the same", "Save as a new tariff"), size="small", kind="submit"
            ),
            rx.cond(
                is_there,
                button("Open the stored one", size="small", on_click=State.start("edit", State.draft.id)),
                rx.fragment(),
            ),
            class_name="ui-row",
            style={"margin_top": "8px"},
        ),
    )


def _heading() -> rx.Component:
    own = [_own_box(name, each) for name, each in boxes_of(Draft)]
    return rx.el.div(*own, class_name="ui-edit-grid")


def _own_box(name: str, box: FormBox) -> rx.Component:
    """A box of the tariff itself, below its label."""
    value = getattr(State.draft, name)
    if name == "municipality_id":
        # The form opens below the card it was asked for: its beginning comes into sight with the focus.
        control = _choice(name, value, _municipalities(), auto_focus=True)
    elif box.kind.choices:
        control = _choice(name, value, _options(box.kind.choices))
    else:
        control = _input(
            name, value, lambda typed: State.set_field(name, typed), box.label, kind=box.kind.typed
        )
    return rx.el.label(rx.el.span(box.label, class_name="ui-label"), control, class_name="ui-field")


def _municipalities() -> rx.Component:
    return rx.fragment(
        rx.el.option("Choose \u2026", value=""),
        rx.foreach(
            RatesState.municipalities,
            lambda municipality: rx.el.option(municipality["name"], value=municipality["id"]),
        ),
    )


def _options(choices: Sequence[tuple[str, str]]) -> rx.Component:
    return rx.fragment(*[rx.el.option(words, value=key) for key, words in choices])


def _choice(name: str, value: Text, options: rx.Component, *, auto_focus: bool = False) -> rx.Component:
    return rx.el.select(
        options,
        name=name,
        value=value,
        on_change=lambda chosen: State.set_field(name, chosen),
        auto_focus=auto_focus,
        class_name="ui-input",
    )


def _input(
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
        return _row_choice(part, index, name, value, box.kind.choices, box.label, box.width)
    return _input(
        _box(part, index, name),
        value,
        lambda typed: State.set_row(part, index, name, typed),
        box.label,
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
        _options(choices),
        name=_box(part, index, name),
        value=value,
        on_change=lambda chosen: State.set_row(part, index, name, chosen),
        aria_label=label,
        class_name="ui-input",
        style={"width": width},
    )


def _box(part: str, index: rx.Var[int], name: str) -> rx.Var[str]:
    return rx.Var.create(f"{part}.{index}.{name}")


def _period(period: PeriodDraft, index: rx.Var[int]) -> rx.Component:
    name, *others = [
        _row_box("periods", index, name, getattr(period, name)) for name, _ in boxes_of(PeriodDraft)
    ]
    return rx.el.div(
        name,
        rx.cond(is_some(State.draft.seasons), _period_season(period, index), rx.fragment()),
        _days(period, index),
        *others,
        _remove("periods", index),
        class_name="ui-edit-row",
    )


def _days(period: PeriodDraft, index: rx.Var[int]) -> rx.Component:
    days = [_day(period, index, bit) for bit in range(8)]
    return rx.fragment(
        rx.el.div(*days, role="group", aria_label="Days", class_name="ui-segments"),
        rx.el.input(
            type="hidden",
            name=_box("periods", index, "days"),
            value=rx.Var.create(period.days).map(lambda on: rx.cond(on, "x", "-")).join(""),
            read_only=True,
        ),
    )


def _period_titles() -> rx.Component:
    """What the fields of the rows below are, for those who see them; each has a name of its own for the others."""

    def title(words: str, width: str) -> rx.Component:
        return rx.el.span(words, style={"width": width})

    name, *others = [title(box.title, box.width) for _, box in boxes_of(PeriodDraft)]
    return rx.el.div(
        name,
        rx.cond(is_some(State.draft.seasons), title("Season", "190px"), rx.fragment()),
        title("Days; H is holidays", "242px"),
        *others,
        aria_hidden=True,
        class_name="ui-edit-row ui-edit-titles",
    )


def _period_season(period: PeriodDraft, index: rx.Var[int]) -> rx.Component:
    return rx.el.select(
        rx.el.option("All year / rest of it", value=""),
        rx.foreach(State.draft.seasons, _season_option),
        name=_box("periods", index, "season"),
        value=period.season,
        on_change=lambda chosen: State.set_row("periods", index, "season", chosen),
        aria_label="Season",
        class_name="ui-input",
        style={"width": "190px"},
    )


def _season_option(season: SeasonDraft, index: rx.Var[int]) -> rx.Component:
    """Two stretches of the year may have one name, and a new season has none yet."""
    number = index.to(int) + 1
    return rx.el.option(
        rx.cond(season.name, f"{number}: {season.name}", f"{number}: no name yet"), value=season.key
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


def _season(season: SeasonDraft, index: rx.Var[int]) -> rx.Component:
    def day(name: str, choices: Sequence[tuple[str, str]], label: str) -> rx.Component:
        return _row_choice("seasons", index, name, getattr(season, name), choices, label)

    name, *others = [
        (box.label, _row_box("seasons", index, name, getattr(season, name)))
        for name, box in boxes_of(SeasonDraft)
    ]
    return rx.el.div(
        name[1],
        rx.el.input(type="hidden", name=_box("seasons", index, "key"), value=season.key, read_only=True),
        day("first_day", _DAYS_OF_MONTH, "First day"),
        day("first_month", _MONTHS, "Month of the first day"),
        rx.el.span("to"),
        day("last_day", _DAYS_OF_MONTH, "Last day"),
        day("last_month", _MONTHS, "Month of the last day"),
        *[part for label, box in others for part in (rx.el.span(label[:1].lower() + label[1:]), box)],
        _remove("seasons", index),
        class_name="ui-edit-row",
    )


def _holiday(holiday: HolidayDraft, index: rx.Var[int]) -> rx.Component:
    boxes = [_row_box("holidays", index, name, getattr(holiday, name)) for name, _ in boxes_of(HolidayDraft)]
    return rx.el.div(*boxes, _remove("holidays", index), class_name="ui-edit-row")


def _fill() -> rx.Component:
    return rx.el.div(
        rx.el.input(
            name="country",
            form=_HOLIDAYS_FORM,
            default_value="ZA",
            max_length=2,
            aria_label="Country code",
            class_name="ui-input",
            style={"width": "64px"},
        ),
        button("Fill with the country's public holidays", kind="submit", size="small", form=_HOLIDAYS_FORM),
        class_name="ui-edit-row",
    )


def _add(part: str, words: str) -> rx.Component:
    return button(rx.icon("plus", size=15), words, size="small", on_click=State.change_rows(part, -1))


def _remove(part: str, index: rx.Var[int]) -> rx.Component:
    return icon_button(rx.icon("x", size=16), label="Remove", on_click=State.change_rows(part, index))
