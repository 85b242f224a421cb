"""What the page of charts is made of."""

import reflex as rx

from portal.client.dashboards.address import COMPARISONS, RANGES
from portal.client.dashboards.shown import Offer
from portal.client.dashboards.state import ChartsState as State
from portal.core.languages import tr
from portal.ui.cards import card
from portal.ui.feedback import empty_state, error_panel, skeleton
from portal.ui.forms import button, icon_button
from portal.ui.layout import PlainLink
from portal.ui.plotted import bars, heat_map, hue_meanings, time_charts
from portal.ui.range_picker import day_popover, segment, segment_group
from portal.ui.vars import Shown, Text, is_some, sentence, size

_MOST_DAYS = 3660
_YEARS = (("energy", tr("Energy")), ("power", tr("Highest power")))


# The picture is the server's; the browser only turns it into points, twice as many as it has.
_SAVE_PNG = """(async (event) => {
  const pressed = event.currentTarget;
  pressed.disabled = true;
  try {
    const answer = await fetch(pressed.dataset.picture);
    if (!answer.ok) throw new Error(await answer.text());
    const image = new Image();
    image.src = URL.createObjectURL(await answer.blob());
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width * 2, image.height * 2];
    const context = canvas.getContext('2d');
    context.scale(2, 2);
    context.drawImage(image, 0, 0);
    URL.revokeObjectURL(image.src);
    const saved = document.createElement('a');
    saved.href = canvas.toDataURL('image/png');
    saved.download = 'charts.png';
    saved.click();
  } catch (error) {
    console.error(error);
    pressed.title = 'The picture could not be made. Try again in a moment.';
  } finally {
    pressed.disabled = false;
  }
})"""
_COPY_ADDRESS = """((event) => {
  const pressed = event.currentTarget;
  navigator.clipboard?.writeText(location.href).then(() => {
    pressed.dataset.copied = 'true';
    setTimeout(() => delete pressed.dataset.copied, 2000);
  });
})"""


def files() -> rx.Component:
    """The address, and what is shown as a picture and as a table."""
    return rx.el.div(
        rx.el.button(
            rx.el.span(rx.icon("link", size=15), tr("Copy link"), class_name="ui-copy-before"),
            rx.el.span(rx.icon("check", size=15), tr("Copied"), class_name="ui-copy-after"),
            type="button",
            class_name="ui-button ui-copy",
            custom_attrs={"onClick": rx.Var(_COPY_ADDRESS)},
        ),
        button(
            rx.icon("image-down", size=15),
            "PNG",
            custom_attrs={
                "onClick": rx.Var(_SAVE_PNG),
                "data-picture": f"/download/readings.svg?{State.shown.query}",
            },
        ),
        PlainLink.create(
            rx.icon("download", size=15),
            "CSV",
            href=f"/download/readings.csv?{State.shown.query}",
            custom_attrs={"download": True},
            class_name="ui-button",
        ),
        class_name="ui-row",
    )


def content() -> rx.Component:
    """What is chosen, the charts, the energy and the year; or why there is nothing."""
    below = rx.cond(
        State.failure != "",
        card(error_panel(State.failure, on_retry=State.load)),
        rx.el.div(
            _charts(),
            _energy(),
            _year(),
            aria_busy=State.is_busy,
            class_name=rx.cond(State.is_busy, "ui-stack ui-busy", "ui-stack"),
        ),
    )
    return rx.cond(
        State.shown.has_meters,
        rx.fragment(_picker(), below),
        card(
            empty_state(
                tr("No meter yet"),
                tr("Charts appear here with the first readings of the first meter."),
                icon="plug-zap",
            )
        ),
    )


def _picker() -> rx.Component:
    return card(
        rx.el.div(
            _row(
                tr("Meters"),
                _waiting(1),
                rx.foreach(State.shown.things, lambda thing: _chip(thing, "remove")),
                _adding(tr("Add a meter or site"), State.meters_offered, "add"),
            ),
            _row(
                tr("Quantities"),
                _waiting(3),
                rx.foreach(State.shown.kinds, lambda kind: _chip(kind, "hide")),
                _adding(tr("Add a quantity"), State.kinds_offered, "show"),
            ),
            _row(tr("Time"), *_time()),
            class_name="ui-pick",
        )
    )


def _row(label: str, *content: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.span(label, class_name="ui-hint"),
        rx.el.div(*content, class_name="ui-row"),
        role="group",
        aria_label=label,
        class_name="ui-pick-row",
    )


def _waiting(count: int) -> rx.Component:
    """Return as many chips without words as there mostly are, until it is known what is chosen."""
    chips = [skeleton("118px", "40px") for _ in range(count)]
    return rx.fragment(rx.cond(size(State.shown.things) == 0, rx.fragment(*chips), rx.fragment()))


def _chip(offer: Offer, step: str) -> rx.Component:
    return rx.el.span(
        offer["words"],
        rx.el.button(
            rx.icon("x", size=13),
            type="button",
            aria_label=sentence("Remove {words}", words=offer["words"]),
            on_click=State.go(step, offer["key"]),
        ),
        class_name="ui-picked",
    )


def _adding(words: str, offers: Shown[list[Offer]], step: str) -> rx.Component:
    return rx.el.select(
        rx.el.option(f"+ {words}", value=""),
        rx.foreach(offers, lambda offer: rx.el.option(offer["words"], value=offer["key"])),
        value="",
        on_change=State.go(step),
        aria_label=words,
        class_name="ui-input ui-add",
    )


def _time() -> list[rx.Component]:
    return [
        segment_group(
            *[
                segment(tr(words), State.shown.span_name == key, State.go("range", key))
                for key, words in RANGES
            ],
            label=tr("Range"),
        ),
        rx.el.span(
            icon_button(
                rx.icon("chevron-left", size=16),
                label=tr("The time before"),
                on_click=State.go("step", "back"),
            ),
            day_popover(
                label=State.shown.span_words,
                start=State.shown.first_day,
                end=State.shown.last_day,
                latest=State.shown.today,
                max_days=_MOST_DAYS,
                on_range=State.choose_days,
            ),
            icon_button(
                rx.icon("chevron-right", size=16), label=tr("The time after"), on_click=State.go("step", "on")
            ),
            icon_button(rx.icon("zoom-in", size=16), label=tr("Zoom in"), on_click=State.go("in", "")),
            icon_button(rx.icon("zoom-out", size=16), label=tr("Zoom out"), on_click=State.go("out", "")),
            class_name="ui-step",
        ),
        rx.el.select(
            *[rx.el.option(tr(words), value=key) for key, words in COMPARISONS],
            value=State.shown.comparison,
            on_change=State.go("against"),
            aria_label=tr("Compare with"),
            class_name="ui-input ui-compare",
        ),
    ]


def _charts() -> rx.Component:
    drawn = State.charts
    nothing = rx.el.div(
        rx.icon("chart-no-axes-column", size=16),
        rx.el.div(
            State.empty_words,
            rx.cond(
                State.nearest_day != "",
                button(tr("Go there"), size="small", on_click=State.go("open-day", State.nearest_day)),
                rx.fragment(),
            ),
            class_name="ui-row",
        ),
        role="status",
        class_name="ui-callout ui-callout--note",
    )
    return card(
        rx.el.h2(tr("Charts"), class_name="ui-visually-hidden"),
        rx.cond(
            State.is_loading,
            skeleton("100%", "480px"),
            rx.fragment(
                rx.cond(State.empty_words != "", nothing, rx.fragment()),
                rx.cond(
                    size(State.shown.kinds) > 0,
                    time_charts(drawn, on_zoom=State.zoom),
                    rx.el.p(tr("No quantity is chosen. Add one above."), class_name="ui-hint"),
                ),
                rx.el.ul(
                    _legend("ui-hatch", drawn["gap_words"].to(str)),
                    _legend("ui-late-key", drawn["late_words"].to(str)),
                    rx.el.li(State.shown.zone_note),
                    rx.el.li(tr("Drag over a chart to zoom"), class_name="ui-wide-only"),
                    class_name="ui-legend",
                ),
            ),
        ),
    )


def _legend(kind: str, words: Text) -> rx.Component:
    key = rx.el.span(aria_hidden=True, class_name=f"ui-legend-key {kind}")
    return rx.fragment(rx.cond(words != "", rx.el.li(key, words), rx.fragment()))


def _energy() -> rx.Component:
    drawn = State.energy
    return card(
        rx.cond(
            drawn["total"].to(str) != "",
            bars(
                drawn,
                label=tr("Energy over time, in the periods of the tariff."),
                height="150px",
                on_open=State.go("bar"),
            ),
            skeleton("100%", "150px"),
        ),
        rx.el.ul(
            hue_meanings(drawn), _legend("ui-hatch", drawn["not_placed"].to(str)), class_name="ui-legend"
        ),
        title=tr("Energy"),
        note=rx.el.div(
            drawn["total"].to(str),
            segment_group(rx.foreach(State.shown.bar_widths, _width), label=tr("Energy per")),
            class_name="ui-row",
        ),
    )


def _width(offer: Offer) -> rx.Component:
    return segment(offer["words"], State.shown.bar_width == offer["key"], State.go("per", offer["key"]))


def _year() -> rx.Component:
    drawn = State.year
    scale = rx.el.li("0 ", rx.el.span(class_name="ui-heat-scale"), f" {drawn['scale'].to(str)}")
    return card(
        rx.cond(
            is_some(drawn["months"].to(list[dict[str, str]])),
            heat_map(
                drawn,
                label=sentence(
                    "A year by day and hour, up to {str}. {str_2}",
                    str=drawn["scale"].to(str),
                    str_2=drawn["missing"].to(str),
                ),
                on_open=State.go("open-day"),
            ),
            skeleton("100%", "168px"),
        ),
        rx.el.ul(scale, _legend("ui-hatch", drawn["missing"].to(str)), class_name="ui-legend"),
        title=tr("A year of hours"),
        note=rx.el.select(
            *[rx.el.option(words, value=key) for key, words in _YEARS],
            value=State.shown.year_of,
            on_change=State.go("year"),
            aria_label=tr("Quantity of the year"),
            class_name="ui-input",
        ),
    )
