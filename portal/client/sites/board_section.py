"""What the panel of a meter shows of its board."""

import reflex as rx

from portal.client.nav import BOARDS
from portal.client.sites.board_dialog_state import SiteBoardDialogs as Dialogs
from portal.client.sites.state import SitesState
from portal.core.languages import tr
from portal.ui.feedback import callout
from portal.ui.forms import button
from portal.ui.layout import internal_link
from portal.ui.panels import facts, panel_section


def board_section() -> rx.Component:
    """The board of the meter in the address; what has not said anything yet may still be set up."""
    part, shown = SitesState.board, SitesState.panel

    def opens(icon: str, label: str, which: str) -> rx.Component:
        opening = Dialogs.open_dialog(which, shown.id, shown.name)
        return button(rx.icon(icon, size=15), label, size="small", on_click=opening)

    return panel_section(
        tr("Board"),
        rx.cond(part.trouble != "", callout(part.trouble, tone="fail"), rx.fragment()),
        rx.cond(
            part.is_known,
            facts(part.facts),
            rx.el.p(tr("No board has said yet what it runs."), class_name="ui-hint"),
        ),
        rx.cond(part.waits != "", rx.el.p(part.waits, class_name="ui-hint"), rx.fragment()),
        rx.el.div(
            opens("sliders-horizontal", tr("Board settings"), "settings"),
            opens("package", tr("Firmware"), "release"),
            internal_link(tr("All boards"), href=BOARDS, class_name="ui-button ui-button--small"),
            class_name="ui-row",
            style={"margin_top": "8px"},
        ),
    )
