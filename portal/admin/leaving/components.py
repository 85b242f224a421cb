"""What the page is made of on which a customer leaves."""

import reflex as rx

from portal.admin.leaving.state import LeavingState as State
from portal.admin.leaving.view import LeavingRow
from portal.admin.nav import CUSTOMERS
from portal.core.languages import tr
from portal.ui.cards import card
from portal.ui.feedback import badge_for, callout, empty_state, skeleton_lines
from portal.ui.forms import button, text_field
from portal.ui.layout import PlainLink, internal_link
from portal.ui.tables import Column, cell, data_table, head_cell
from portal.ui.vars import is_some, sentence

_COLUMNS = (
    Column(tr("Customer"), hint=tr("The number that is left of it")),
    Column(tr("Status")),
    Column(tr("Begun")),
    Column(tr("Rows deleted"), is_number=True),
    Column(tr("Exported")),
)


def leaving_steps() -> rx.Component:
    """Hand out, then delete; or how far that is."""
    return rx.cond(
        State.is_loading,
        card(skeleton_lines(6)),
        rx.cond(State.is_missing, _gone(), rx.cond(State.is_begun, _progress(), _steps())),
    )


def left_customers() -> rx.Component:
    """Who leaves or has left, by number: nothing else is known of them any more."""
    return rx.cond(
        is_some(State.rows),
        card(
            data_table(
                _COLUMNS, State.rows, _row, caption=tr("Customers that leave or have left"), stacked=True
            ),
            title=tr("Customers that leave or have left"),
            flush=True,
        ),
        rx.fragment(),
    )


def _row(row: LeavingRow) -> list[rx.Component]:
    return [
        head_cell(row["number"]),
        cell(badge_for(row["status"], row["tone"]), label=tr("Status")),
        cell(rx.el.span(row["begun"], title=row["begun_utc"]), label=tr("Begun")),
        cell(row["rows"], label=tr("Rows deleted"), number=True),
        cell(row["exported"], label=tr("Exported")),
    ]


def _steps() -> rx.Component:
    return rx.el.div(_hand_out(), _delete(), class_name="ui-columns")


def _hand_out() -> rx.Component:
    return card(
        rx.el.div(
            rx.el.p(
                tr(
                    "Everything that is kept of this customer, as a ZIP archive of CSV and JSON lines: "
                    "sites, devices, tariffs, all readings, energy, events, batches. A manifest has a "
                    "checksum for each file."
                )
            ),
            rx.el.div(badge_for(State.export["when"], State.export["tone"])),
            rx.cond(
                State.export["detail"] != "",
                rx.el.p(State.export["detail"], class_name="ui-hint", style={"overflow_wrap": "anywhere"}),
                rx.fragment(),
            ),
            # A file, not a page: the router of the pages is not to look for it.
            rx.el.div(
                PlainLink.create(
                    tr("Export everything"),
                    href=State.export_href,
                    custom_attrs={"download": True},
                    class_name="ui-button",
                ),
            ),
            class_name="ui-stack",
        ),
        title=tr("1. Hand out"),
    )


def _delete() -> rx.Component:
    return card(
        rx.el.div(
            rx.el.p(
                tr(
                    "Its tokens are refused from now on, and everything is deleted, for ever: readings, "
                    "energy, sites, devices, tariffs, batches, and its name in the audit trail. Backups "
                    "made before still hold it."
                )
            ),
            rx.cond(State.failure != "", callout(State.failure, tone="fail"), rx.fragment()),
            rx.el.form(
                text_field(
                    sentence("Type {code} to confirm", code=State.code),
                    name="code",
                    required=True,
                    max_length=50,
                    auto_complete="off",
                ),
                rx.el.label(
                    rx.el.input(type="checkbox", name="without_export"),
                    tr(" Delete it even though the export is missing or older than the last push"),
                    class_name="ui-check",
                ),
                rx.el.div(button(tr("Delete everything"), tone="danger", kind="submit")),
                on_submit=State.begin,
                class_name="ui-stack",
            ),
            class_name="ui-stack",
        ),
        title=tr("2. Delete"),
    )


def _progress() -> rx.Component:
    return card(
        rx.el.div(
            callout(
                tr("This customer is being deleted. Its tokens are refused; nothing brings it back."),
                tone="warn",
            ),
            rx.el.p(State.progress, role="status"),
            rx.el.p(
                tr("It goes on by itself, also when this page is closed or the server is started again."),
                class_name="ui-hint",
            ),
            class_name="ui-stack",
        ),
        title=tr("Being deleted"),
    )


def _gone() -> rx.Component:
    return card(
        empty_state(
            tr("There is no such customer"),
            tr("It has left, or the address is mistyped."),
            icon="user-x",
            action=internal_link(tr("All customers"), href=CUSTOMERS, class_name="ui-button"),
        )
    )
