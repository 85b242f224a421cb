"""How this stack is set up, for admins; read-only."""

import reflex as rx

from portal.settings.app_config.components import facts, push
from portal.settings.frame import APP_CONFIG, Surface


def app_config_page(surface: Surface) -> rx.Component:
    """Route `/settings/app-config`."""
    return surface.page(APP_CONFIG, push(), facts())
