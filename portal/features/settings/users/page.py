"""Who may log in, for admins."""

import reflex as rx

from portal.features.settings.frame import USERS, Surface
from portal.features.settings.users.components import add_button, user_list
from portal.features.settings.users.dialogs import dialogs


def users_page(surface: Surface) -> rx.Component:
    """Route `/settings/users`."""
    return surface.page(USERS, user_list(), dialogs(), actions=add_button())
