"""The list of sites, each with its meters as a tree."""

from typing import Any

import reflex as rx

from portal.client.nav import ADD_METER, BOARDS, IMPORT, SITES
from portal.client.sites.dialog_state import SiteDialogs as Dialogs
from portal.client.sites.state import SitesState as State
from portal.client.sites.view import MeterLine, SiteSection
from portal.core.languages import tr
from portal.features.settings.dialogs import page_failure
from portal.features.settings.menus import action_item, action_menu
from portal.ui.cards import card
from portal.ui.feedback import badge_for, callout, empty_state, skeleton_lines
from portal.ui.forms import button
from portal.ui.layout import internal_link
from portal.ui.tables import Column, cell, cell_note, head_cell, tree_table
from portal.ui.vars import Text, is_some, sentence

_COLUMNS = (
    Column(tr("Meter")),
    Column(tr("Status")),
    Column(tr("Power now"), is_number=True),
    Column(tr("Today"), is_number=True),
)


def actions() -> rx.Component:
    """What can be added."""
    return rx.fragment(
        internal_link(rx.icon("cpu", size=16), tr("Boards"), href=BOARDS, class_name="ui-button"),
        internal_link(rx.icon("upload", size=16), tr("Import file"), href=IMPORT, class_name="ui-button"),
        button(rx.icon("plus", size=16), tr("Add site"), on_click=Dialogs.open_dialog("site", "", "")),
        internal_link(
            rx.icon("plus", size=16),
            tr("Add meter"),
            href=ADD_METER,
            class_name="ui-button ui-button--primary",
        ),
    )


def listing() -> rx.Component:
    """Every site, or what to do while there is none."""
    return rx.fragment(
        page_failure(Dialogs),
        rx.cond(State.failure != "", callout(State.failure, tone="fail"), rx.fragment()),
        rx.cond(State.no_figures != "", callout(State.no_figures, tone="fail"), rx.fragment()),
        rx.cond(State.panel_failure != "", _gone(), rx.fragment()),
        rx.cond(State.notice != "", callout(State.notice, tone="note"), rx.fragment()),
        rx.cond(
            State.is_loading,
            card(skeleton_lines(4)),
            rx.cond(
                is_some(State.found.cards),
                rx.fragment(
                    rx.foreach(State.found.cards, _site),
                    rx.el.p(State.found.as_of, class_name="ui-hint"),
                ),
                _empty(),
            ),
        ),
    )


def kind_tag(kind: Text, word: Text) -> rx.Component:
    """What a meter is to the others, as a small word."""
    return rx.el.span(word, class_name="ui-kind", custom_attrs={"data-kind": kind})


def _gone() -> rx.Component:
    return callout(
        rx.el.span(State.panel_failure, " "),
        internal_link(tr("Close it"), href=SITES, class_name="ui-link"),
        tone="fail",
    )


def _empty() -> rx.Component:
    return card(
        empty_state(
            tr("No site yet"),
            tr(
                "A site is an address with a connection. Add the first meter, and its site with it: "
                "three steps, up to the first reading received."
            ),
            icon="plug-zap",
            action=internal_link(
                rx.icon("plus", size=16),
                tr("Add the first meter"),
                href=ADD_METER,
                class_name="ui-button ui-button--primary",
            ),
        )
    )


def _site(site: SiteSection) -> rx.Component:
    table = tree_table(
        _COLUMNS, site["meters"], _cells, _row_attrs, caption=sentence("Meters of {name}", name=site["name"])
    )
    nothing = rx.el.p(tr("No meter yet."), class_name="ui-card-line")
    return rx.el.section(
        _head(site),
        rx.cond(site["municipality"] == "", _no_municipality(site), rx.fragment()),
        rx.el.div(rx.cond(site["has_meters"], table, nothing), class_name="ui-card-body ui-card-body--flush"),
        class_name="ui-card",
    )


def _head(site: SiteSection) -> rx.Component:
    details = rx.el.p(
        site["address"],
        rx.cond((site["address"] != "") & (site["municipality"] != ""), " \u00b7 ", ""),
        rx.cond(
            site["municipality"] != "",
            internal_link(site["municipality"], href="/settings/rates", class_name="ui-link"),
            rx.fragment(),
        ),
    )
    sums = rx.el.p(
        rx.cond(site["power"] != "", sentence("{power} now, ", power=site["power"]), ""),
        rx.cond(site["today"] != "", sentence("{today} today", today=site["today"]), ""),
    )
    return rx.el.div(
        rx.el.div(
            rx.el.h2(site["name"], rx.cond(site["is_active"], "", tr(" (inactive)"))),
            details,
            sums,
        ),
        rx.el.div(
            internal_link(
                rx.icon("plus", size=15),
                tr("Add meter"),
                href=f"{ADD_METER}?site=" + site["id"],
                class_name="ui-button ui-button--small",
            ),
            _menu(site),
            class_name="ui-row",
        ),
        class_name="ui-site-head",
    )


def _menu(site: SiteSection) -> rx.Component:
    return action_menu(
        action_item("pencil", tr("Edit"), _open("site", site["id"], site["name"])),
        rx.cond(
            site["is_active"],
            action_item("circle-pause", tr("Deactivate"), _open("deactivate-site", site["id"], site["name"])),
            action_item("circle-play", tr("Activate"), _open("activate-site", site["id"], site["name"])),
        ),
        action_item("trash-2", tr("Delete"), _open("remove-site", site["id"], site["name"])),
        label=sentence("Actions for {name}", name=site["name"]),
    )


def _open(which: str, key: Text, name: Text) -> Any:
    return Dialogs.open_dialog(which, key, name)


def _no_municipality(site: SiteSection) -> rx.Component:
    return rx.el.div(
        callout(
            rx.el.span(tr("No municipality: readings are kept, and cost nothing. ")),
            rx.cond(
                is_some(State.municipalities),
                rx.el.select(
                    rx.el.option(tr("Choose one"), value=""),
                    rx.foreach(State.municipalities, lambda each: rx.el.option(each[1], value=each[0])),
                    value="",
                    on_change=lambda chosen: State.assign_municipality(site["id"], chosen),
                    aria_label=sentence("Municipality of {name}", name=site["name"]),
                    class_name="ui-input",
                    style={"width": "auto", "max_width": "100%"},
                ),
                internal_link(tr("Add one under Rates"), href="/settings/rates", class_name="ui-link"),
            ),
        ),
        style={"padding": "4px 20px 0"},
    )


def _row_attrs(row: MeterLine) -> dict[str, Any]:
    return {
        "data-depth": row["depth"],
        "data-chosen": rx.cond(State.chosen == row["id"], "true", "false"),
        "data-active": rx.cond(row["is_active"], "true", "false"),
    }


def _cells(row: MeterLine) -> list[rx.Component]:
    return [
        head_cell(
            rx.el.span(
                rx.cond(row["depth"] != "0", rx.icon("corner-down-right", size=14), rx.fragment()),
                internal_link(
                    row["name"],
                    href=f"{SITES}?meter=" + row["id"],
                    class_name="ui-row-link",
                    custom_attrs={"data-meter": row["id"]},
                ),
                kind_tag(row["kind"], row["kind_word"]),
                rx.cond(row["note"] != "", cell_note(row["note"]), rx.fragment()),
                class_name="ui-meter-name",
            )
        ),
        cell(badge_for(row["status"], row["tone"], title=row["meaning"]), label=tr("Status")),
        cell(row["power"], label=tr("Power now"), number=True),
        cell(row["today"], label=tr("Today"), number=True),
    ]
