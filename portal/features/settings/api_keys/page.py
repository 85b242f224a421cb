"""Keys for machines, for admins."""

import reflex as rx

from portal.features.settings.api_keys.components import add_button, dialogs, key_list
from portal.features.settings.frame import API_KEYS, Surface


def api_keys_page(surface: Surface) -> rx.Component:
    """Route `/settings/api-keys`."""
    return surface.page(API_KEYS, key_list(), dialogs(), actions=add_button())
