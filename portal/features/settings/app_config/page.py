"""How this stack is set up, for admins, and what a Client's push is doing."""

import reflex as rx

from portal.features.settings.app_config.components import facts, push
from portal.features.settings.app_config.dead_letters import dead_letters
from portal.features.settings.frame import APP_CONFIG, Surface


def app_config_page(surface: Surface) -> rx.Component:
    """Route `/settings/app-config`."""
    return surface.page(APP_CONFIG, push(), dead_letters(), facts())
