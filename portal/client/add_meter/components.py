"""The steps to a first reading: the site, the meter, and its board."""

import reflex as rx

from portal.client.add_meter.steps_state import AddMeterState as State
from portal.client.add_meter.view import RECEIVED, Lamp
from portal.client.sites.dialogs import formula_fields, municipality_field, parent_field, power_field
from portal.client.sites.panel import post_list
from portal.core.languages import tr
from portal.ui.cards import card
from portal.ui.feedback import callout, skeleton_lines
from portal.ui.forms import button, copy_button, select_field, text_block, text_field
from portal.ui.layout import internal_link
from portal.ui.leaving import leave_guard
from portal.ui.range_picker import segments
from portal.ui.vars import is_some
from portal.web.events.drafts import kept_form

_DRAFT = "add-meter"
_LEAVING = tr("The token is shown only now. Leave all the same? Rotate makes a new one.")


def wizard() -> rx.Component:
    """The steps at the left, and the one that is being taken."""
    return rx.fragment(
        leave_guard(_LEAVING, is_active=(State.block != "") & (State.board.waiting != RECEIVED)),
        rx.cond(State.failure != "", callout(State.failure, tone="fail"), rx.fragment()),
        rx.el.div(
            rx.el.ol(
                _site_step(), _meter_step(), _board_step(), class_name="ui-steps", aria_label=tr("Steps")
            ),
            rx.el.div(
                rx.cond(
                    State.is_loading,
                    card(skeleton_lines(3)),
                    rx.fragment(
                        rx.match(
                            State.step,
                            ("meter", _meter_form()),
                            ("board", _board()),
                            _site_form(),
                        )
                    ),
                ),
                class_name="ui-stack",
            ),
            class_name="ui-wizard",
            on_unmount=State.leave,
        ),
    )


def _step(name: str, number: int, title: str, *about: rx.Component) -> rx.Component:
    is_received = State.board.waiting == RECEIVED
    is_done = is_received if name == "board" else State.step_number > number
    is_now = State.step == name
    mark = rx.cond(is_done, rx.icon("check", size=15), rx.el.span(str(number)))
    return rx.el.li(
        rx.el.span(mark, class_name="ui-step-mark"),
        rx.el.div(rx.el.b(title), *about),
        custom_attrs={
            "data-step": rx.cond(is_done, "done", rx.cond(is_now, "now", "next")),
            "aria-current": rx.cond(is_now, "step", "false"),
        },
    )


def _site_step() -> rx.Component:
    known = rx.match(
        State.step,
        (
            "meter",
            rx.el.p(
                State.site_name, " ", internal_link(tr("Change"), href="/sites/add", class_name="ui-link")
            ),
        ),
        ("board", rx.el.p(State.board.site, ", ", State.board.site_about)),
        rx.fragment(),
    )
    return _step("site", 1, tr("Site"), rx.fragment(known))


def _meter_step() -> rx.Component:
    known = rx.el.p(
        rx.foreach(State.board.about, lambda line: rx.fragment(line, rx.el.br())),
        internal_link(tr("Change"), href="/sites?meter=" + State.device, class_name="ui-link"),
    )
    return _step("meter", 2, tr("Meter"), rx.cond(State.step == "board", known, rx.fragment()))


def _board_step() -> rx.Component:
    known = rx.el.p(State.board.waiting, rx.el.br(), State.board.token)
    return _step(
        "board", 3, tr("Token and first reading"), rx.cond(State.step == "board", known, rx.fragment())
    )


def _kept(form: rx.Component, step: str) -> rx.Component:
    return kept_form(form, scope=f"{_DRAFT}-{step}", done=State.draft_done, opening=(step, State.site, ""))


def _site_form() -> rx.Component:
    there = rx.el.form(
        select_field(tr("A site that is there"), name="site", options=State.sites),
        button(tr("Continue"), tone="primary", kind="submit"),
        on_submit=State.choose_site,
        class_name="ui-stack",
    )
    new = rx.el.form(
        rx.el.div(
            text_field(
                tr("Name"), name="name", required=True, auto_complete="off", placeholder=tr("Cold store")
            ),
            text_field(tr("Address"), name="address", auto_complete="off"),
            municipality_field(State.municipalities, ""),
            class_name="ui-fields",
        ),
        rx.el.p(
            tr("The municipality gives the tariffs and the local time. It can be said later. "),
            internal_link(tr("Municipalities and tariffs"), href="/settings/rates", class_name="ui-link"),
            class_name="ui-hint",
        ),
        rx.el.div(button(tr("Add site and continue"), kind="submit"), class_name="ui-row"),
        on_submit=State.choose_site,
        class_name="ui-stack",
    )
    return rx.fragment(
        rx.cond(is_some(State.sites), card(there, title=tr("Where does the meter stand?")), rx.fragment()),
        card(
            _kept(new, "site"),
            title=rx.cond(is_some(State.sites), tr("Or at a new site"), tr("Where does the meter stand?")),
            note=tr("A site is an address with a connection"),
        ),
    )


def _meter_form() -> rx.Component:
    kinds = segments(
        (("measured", tr("Measured by a board")), ("virtual", tr("Calculated from others"))),
        active=rx.cond(State.is_virtual, "virtual", "measured"),
        on_choose=State.set_virtual,
        label=tr("Kind of meter"),
    )
    form = rx.el.form(
        rx.el.div(
            text_field(
                tr("Name"), name="name", required=True, auto_complete="off", placeholder=tr("Main incomer")
            ),
            text_field(
                tr("External id"),
                name="external_id",
                required=True,
                auto_complete="off",
                hint=tr("What the meter is called in the field: a serial number."),
            ),
            class_name="ui-fields",
        ),
        parent_field(State.parents, ""),
        rx.cond(State.is_virtual, formula_fields(State.terms), power_field()),
        text_field(tr("Description"), name="description", auto_complete="off"),
        rx.el.div(
            button(
                rx.cond(State.is_virtual, tr("Add meter"), tr("Add meter and make its token")),
                tone="primary",
                kind="submit",
            ),
            class_name="ui-row",
        ),
        on_submit=State.add_meter,
        class_name="ui-stack",
    )
    return card(
        rx.cond(is_some(State.parents), rx.el.div(kinds, style={"margin_bottom": "16px"}), rx.fragment()),
        _kept(form, "meter"),
        title=tr("Which meter is it?"),
    )


def _board() -> rx.Component:
    return rx.fragment(_waiting(), _arrived(), rx.cond(State.block != "", _for_the_board(), _no_token()))


def _waiting() -> rx.Component:
    shown = State.board
    mark = rx.cond(
        shown.is_received,
        rx.icon("circle-check", size=24, class_name="ui-tone-ok"),
        rx.el.span(class_name="ui-pulse", aria_hidden=True),
    )
    done = rx.el.div(
        internal_link(tr("Open the meter"), href="/sites?meter=" + State.device, class_name="ui-button"),
        internal_link(tr("Add another"), href="/sites/add", class_name="ui-button"),
        class_name="ui-row",
        style={"margin_top": "12px"},
    )
    return rx.el.section(
        rx.el.div(
            mark,
            rx.el.div(
                rx.el.h2(shown.title),
                rx.el.p(shown.words, class_name="ui-soft"),
                rx.cond(shown.is_received, done, rx.fragment()),
            ),
            class_name="ui-waiting",
        ),
        rx.el.ol(
            rx.foreach(shown.lamps, _lamp), class_name="ui-lamps", aria_label=tr("What the portal has seen")
        ),
        aria_live="polite",
        class_name="ui-card",
    )


def _lamp(lamp: Lamp) -> rx.Component:
    return rx.el.li(
        rx.match(
            lamp["tone"],
            ("ok", rx.icon("circle-check", size=15)),
            ("fail", rx.icon("circle-x", size=15)),
            rx.icon("hourglass", size=15),
        ),
        lamp["words"],
        class_name=rx.match(lamp["tone"], ("ok", "ui-tone-ok"), ("fail", "ui-tone-fail"), "ui-soft"),
    )


def _arrived() -> rx.Component:
    nothing = rx.fragment(
        rx.el.p(
            tr("Nothing has arrived yet. Boards blink twice when they have a network."), class_name="ui-soft"
        ),
        rx.cond(
            is_some(State.board.checklist),
            callout(rx.el.ul(rx.foreach(State.board.checklist, rx.el.li))),
            rx.fragment(),
        ),
    )
    return card(
        rx.cond(is_some(State.board.log), post_list(State.board.log), nothing),
        title=tr("What arrived, newest first"),
        note=tr("This meter, and tokens nobody knows"),
    )


def _for_the_board() -> rx.Component:
    return card(
        text_block(State.block, name="board-block", label=tr("Settings for the board")),
        rx.el.p(
            tr(
                "The token is shown only now, and both copies hold all of it. Leaving asks first; "
                "afterwards a new one is given by Rotate."
            ),
            class_name="ui-hint",
            style={"margin": "10px 0 18px"},
        ),
        rx.el.div(
            rx.el.h3(tr("Or try it from here"), class_name="ui-section-title"),
            copy_button("curl-line", tr("Copy line")),
            class_name="ui-row ui-row--between",
            style={"margin_bottom": "8px"},
        ),
        text_block(State.curl, name="curl-line", label=tr("curl line")),
        title=tr("For the board"),
        note=copy_button("board-block", tr("Copy block")),
    )


def _no_token() -> rx.Component:
    return card(
        rx.el.p(
            tr(
                "The token was shown once, when it was made. If the board does not have it, make a new "
                "one; the old one ends at once."
            ),
            class_name="ui-soft",
            style={"margin": "0 0 12px"},
        ),
        button(rx.icon("rotate-cw", size=15), tr("Make a new token"), on_click=State.renew_token),
        title=tr("For the board"),
    )
