"""Who may log in, for admins."""

import reflex as rx

from portal.settings.frame import USERS, Surface
from portal.settings.users.components import add_button, user_list
from portal.settings.users.dialogs import dialogs


def users_page(surface: Surface) -> rx.Component:
    """Route `/settings/users`."""
    return surface.page(USERS, user_list(), dialogs(), actions=add_button())
