"""The grid of a tariff: a clock, a price for each kind of hour, and the two weeks they make, to be painted on."""

from collections.abc import Sequence

import reflex as rx

from portal.client.rates.draft import HUNDREDTH, ROWS, WHOLE
from portal.client.rates.editor_state import TariffDraftState as State
from portal.client.rates.grid import FLAT, HIGH, LOW, OWN, PRICES, clock_week
from portal.client.rates.grid_state import TariffGridState as Grid
from portal.client.rates.price_questions import PriceQuestion
from portal.client.rates.week_view import WeekDay, WeekHour, WeekPrice, WeekView
from portal.core.languages import tr
from portal.core.tariffs.rules.clocks import NAMES, OFF_PEAK, PEAK, STANDARD, runs_of_day
from portal.core.tariffs.rules.tariffs import DAY_NAMES
from portal.core.tariffs.service.published import clocks
from portal.features.cost.hues import hues_of
from portal.features.cost.parts import hue_square
from portal.ui.cards import card
from portal.ui.feedback import callout
from portal.ui.forms import button, icon_button
from portal.ui.range_picker import segment_group
from portal.ui.vars import Click, Shown, Text, is_some, sentence

PAINT_FORM = "paint-hours"
# As they stand within a line.
_WITHIN = {PEAK: tr("peak"), STANDARD: tr("standard"), OFF_PEAK: tr("off-peak")}
_HUES = {sign: hues_of([name])[name] for sign, name in NAMES.items()}
_OTHERS = (
    (FLAT, tr("Flat"), tr("One price at all hours")),
    (OWN, tr("My own"), tr("Start off-peak and paint")),
    (ROWS, tr("Period by period"), tr("Half hours, other names, more seasons")),
)
_DAY_CHOICES = (
    ("weekdays", tr("Weekdays")),
    (tr("every day"), tr("Every day")),
    *((str(number), tr(name)) for number, name in enumerate(DAY_NAMES)),
)


def clock_card() -> rx.Component:
    """The clocks of the price lists, and the other ways to say when which price holds."""
    known = [(clock.key, clock.title, _hours_in_words(clock.low, clock.high)) for clock in clocks()]
    choices = [_clock(key, title, words, strips=True) for key, title, words in known]
    choices += [_clock(key, title, words, strips=key != ROWS) for key, title, words in _OTHERS]
    return card(
        rx.el.div(*choices, role="radiogroup", aria_label=tr("Clock"), class_name="ui-clocks"),
        title=tr("Clock"),
        note=tr("A weekday, low season above high season"),
    )


def _hours_in_words(low: str, high: str) -> str:
    def peaks(week: str) -> str:
        return ", ".join(
            f"{start:02}\u2013{end:02}" for kind, start, end in runs_of_day(week, 0) if kind == PEAK
        )

    return f"Peak {peaks(low)}; winter {peaks(high)}"


def _clock(key: str, title: str, words: str, *, strips: bool) -> rx.Component:
    is_chosen = (State.draft.layout == ROWS) if key == ROWS else _is_clock(key)
    drawn = [_strip(clock_week(key, season)) for season in (LOW, HIGH)] if strips else []
    return rx.el.button(
        rx.el.strong(title),
        rx.el.span(words, class_name="ui-hint"),
        *drawn,
        type="button",
        role="radio",
        on_click=Grid.choose_clock(key),
        custom_attrs={"aria-checked": rx.cond(is_chosen, "true", "false")},
        class_name="ui-clock",
    )


def _is_clock(key: str) -> Shown[bool]:
    return (State.draft.layout != ROWS) & (State.draft.clock == key)


def _strip(week: str) -> rx.Component:
    runs = [
        rx.el.span(style={"flex": str(end - start), "background": _HUES[kind]})
        for kind, start, end in runs_of_day(week, 0)
    ]
    return rx.el.span(*runs, aria_hidden=True, class_name="ui-strip")


def unit_choice() -> rx.Component:
    """Whether prices are typed in cents or in whole units; those that stand there are converted."""
    units: Sequence[tuple[str, Text]] = ((HUNDREDTH, "c/kWh"), (WHOLE, State.symbol + "/kWh"))
    return segment_group(
        *[_pressed(words, State.draft.unit == unit, Grid.choose_unit(unit)) for unit, words in units],
        label=tr("Prices in"),
    )


def _pressed(words: Text | rx.Component, is_pressed: Shown[bool], on_click: Click) -> rx.Component:
    return rx.el.button(
        words,
        type="button",
        on_click=on_click,
        custom_attrs={"aria-pressed": rx.cond(is_pressed, "true", "false")},
        class_name="ui-segment",
    )


def price_card() -> rx.Component:
    """Three prices a season, each with what it is with VAT."""
    has_high = is_some(State.draft.seasons)
    heading = rx.el.tr(
        rx.el.th(tr("Period"), scope="col"),
        rx.el.th(rx.cond(has_high, tr("Low season"), tr("All year")), scope="col"),
        rx.cond(has_high, rx.el.th(_high_heading(), scope="col"), rx.fragment()),
    )
    rows = [
        rx.el.tr(
            rx.el.th(rx.el.div(hue_square(_HUES[sign]), tr(name), class_name="ui-cell-name"), scope="row"),
            rx.el.td(_price(LOW, sign)),
            rx.cond(has_high, rx.el.td(_price(HIGH, sign)), rx.fragment()),
        )
        for sign, name in NAMES.items()
    ]
    return card(
        rx.el.table(rx.el.thead(heading), rx.el.tbody(*rows), class_name="ui-prices"),
        questions(),
        title=tr("Prices, without VAT"),
        note=unit_choice(),
    )


def _high_heading() -> rx.Component:
    return rx.el.div(
        tr("High season"),
        button(
            tr("Copy the low season"),
            size="small",
            on_click=Grid.copy_season(LOW),
            # On a phone the column is narrower than these words in one line.
            style={"white_space": "normal", "height": "auto"},
        ),
        class_name="ui-row",
        style={"flex_wrap": "wrap", "min_width": "0"},
    )


def _price(season: str, sign: str) -> rx.Component:
    name = PRICES[season][sign]
    label = sentence(
        "{part} season, {lower}", part=tr("Low") if season == LOW else tr("High"), lower=_WITHIN[sign]
    )
    unit = rx.cond(State.draft.unit == HUNDREDTH, "c", State.symbol)
    return rx.el.div(
        rx.el.div(
            rx.debounce_input(
                rx.el.input(
                    name=name,
                    value=getattr(State.draft, name),
                    on_change=lambda typed: State.set_field(name, typed),
                    aria_label=label,
                    custom_attrs={"inputMode": "decimal"},
                    class_name="ui-input",
                ),
                debounce_timeout=300,
            ),
            rx.el.span(unit, aria_hidden=True),
            class_name="ui-price",
        ),
        rx.el.span(State.price_notes[name], class_name="ui-hint"),
    )


def questions() -> rx.Component:
    """What is asked about prices: each can be changed to what may be meant, or said to be right."""
    return rx.fragment(rx.foreach(State.questions, _question))


def _question(asked: PriceQuestion) -> rx.Component:
    return callout(
        asked.words,
        rx.el.div(
            rx.cond(
                asked.suggestion != "",
                button(tr("Use "), asked.suggestion, size="small", on_click=Grid.use_suggestion(asked.key)),
                rx.fragment(),
            ),
            button(tr("It is right"), size="small", on_click=Grid.answer(asked.key)),
            class_name="ui-row",
            style={"margin_top": "8px"},
        ),
    )


def weeks_card() -> rx.Component:
    """The weeks, always in sight: a mouse paints over them, and so do the boxes below for everybody else."""
    return card(
        rx.foreach(State.weeks, _week),
        rx.el.div(
            rx.el.span(tr("Paint"), class_name="ui-label"),
            segment_group(*map(_brush, NAMES), label=tr("Paint with")),
            class_name="ui-row ui-row--between",
        ),
        rx.el.p(tr("Drag over the week, or say which hours."), class_name="ui-hint"),
        _paint_boxes(),
        title=tr("The weeks this makes"),
    )


def _week(week: WeekView) -> rx.Component:
    hours = [rx.el.th(text, col_span=6, scope="colgroup") for text in ("00:00", "06:00", "12:00", "18:00")]
    return rx.el.div(
        rx.el.table(
            rx.el.caption(week.title),
            rx.el.thead(rx.el.tr(rx.el.td(), *hours)),
            rx.el.tbody(rx.foreach(week.days, lambda day, number: _day(week.season, day, number))),
            class_name="ui-heat ui-heat--painted",
        ),
        rx.el.ul(rx.foreach(week.prices, _legend), class_name="ui-legend"),
        rx.foreach(week.painted, lambda line, index: _painted(week.season, line, index)),
        class_name="ui-week",
    )


def _day(season: Text, day: WeekDay, number: rx.Var[int]) -> rx.Component:
    return rx.el.tr(
        rx.el.th(day["day"], scope="row"),
        rx.foreach(day["hours"], lambda hour, at: _hour(season, number, hour, at)),
    )


def _hour(season: Text, day: rx.Var[int], hour: WeekHour, at: rx.Var[int]) -> rx.Component:
    return rx.el.td(
        rx.el.span(hour["title"], class_name="ui-visually-hidden"),
        title=hour["title"],
        on_mouse_down=Grid.begin_painting(season, day.to(int), at.to(int)),
        on_mouse_up=Grid.paint_to(season, day.to(int), at.to(int)),
        custom_attrs={"data-painted": rx.cond(hour["painted"], "true", "false")},
        class_name="ui-hour-" + rx.Var.create(hour["kind"]),
    )


def _legend(price: WeekPrice) -> rx.Component:
    return rx.el.li(hue_square(price["hue"]), price["name"], " ", price["price"])


def _painted(season: Text, line: Text, index: rx.Var[int]) -> rx.Component:
    undo = Grid.undo_painted(season, index.to(int))
    return rx.el.div(
        rx.el.span(line),
        icon_button(rx.icon("x", size=14), label=tr("Undo this"), on_click=undo),
        class_name="ui-painted",
    )


def _brush(sign: str) -> rx.Component:
    words = rx.fragment(hue_square(_HUES[sign]), " ", tr(NAMES[sign]))
    return _pressed(words, Grid.brush == sign, Grid.choose_brush(sign))


def _paint_boxes() -> rx.Component:
    """The same for who has no mouse, or a small screen: days and hours as boxes of a form of their own."""

    def choice(name: str, label: str, options: Sequence[tuple[str, str]], value: str) -> rx.Component:
        return rx.el.select(
            *[rx.el.option(words, value=key) for key, words in options],
            name=name,
            default_value=value,
            form=PAINT_FORM,
            aria_label=label,
            class_name="ui-input",
        )

    hours = [(str(hour), f"{hour:02}:00") for hour in range(25)]
    return rx.el.div(
        choice("season", tr("Season to paint"), ((LOW, tr("Low season")), (HIGH, tr("High season"))), LOW),
        choice("days", tr("Days to paint"), _DAY_CHOICES, "6"),
        choice("from", tr("Paint from"), hours[:-1], "18"),
        choice("until", tr("Paint until"), hours[1:], "20"),
        button(tr("Paint"), size="small", kind="submit", form=PAINT_FORM),
        class_name="ui-edit-row",
    )
