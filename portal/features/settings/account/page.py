"""One's own account: the password, and where one is signed in."""

import reflex as rx

from portal.features.settings.account.components import language, messages, password, sessions
from portal.features.settings.account.second_factor import second_factor
from portal.features.settings.frame import ACCOUNT, Surface
from portal.ui.cards import columns


def account_page(surface: Surface) -> rx.Component:
    """Route `/settings`."""
    return surface.page(
        ACCOUNT,
        messages(),
        columns(
            rx.el.div(sessions(), second_factor(), class_name="ui-stack"),
            rx.el.div(language(), password(), class_name="ui-stack"),
        ),
    )
