"""Which sites have the tariffs of a municipality, said from the tariffs' page."""

from typing import Final

import reflex as rx

from portal.client.rates.assigning_state import AssigningState, SiteChoice
from portal.core.languages import tr
from portal.features.settings.dialogs import dialog_drafts, form_dialog
from portal.ui.layout import internal_link
from portal.ui.vars import is_some, sentence

_DRAFT: Final = "sites-of-municipality"


def sites_dialog() -> rx.Component:
    """Tick the sites that have the tariffs of a municipality."""
    nothing = rx.el.p(
        tr("No site yet. "),
        internal_link(tr("Add the first meter"), href="/sites/add", class_name="ui-link"),
        class_name="ui-hint",
    )
    return rx.fragment(
        dialog_drafts(AssigningState, _DRAFT),
        form_dialog(
            AssigningState,
            "sites",
            sentence("Sites of {chosen_name}", chosen_name=AssigningState.chosen_name),
            rx.cond(
                is_some(AssigningState.choices),
                rx.el.fieldset(
                    rx.el.legend(tr("These sites have its tariffs")),
                    rx.foreach(AssigningState.choices, _box),
                    class_name="ui-fieldset",
                ),
                nothing,
            ),
            on_submit=AssigningState.assign,
            submit=tr("Save"),
            description=tr(
                "A site has the tariffs of one municipality. With another, all its energy is priced anew."
            ),
            draft=_DRAFT,
        ),
    )


def _box(choice: SiteChoice) -> rx.Component:
    return rx.el.div(
        rx.el.label(
            rx.el.input(type="checkbox", name=choice["box"], default_checked=choice["is_here"]),
            rx.el.span(choice["name"]),
            rx.cond(choice["note"] != "", rx.el.span(choice["note"], class_name="ui-hint"), rx.fragment()),
            class_name="ui-check",
        ),
    )
