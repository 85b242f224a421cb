"""What the product is called and looks like, for admins."""

import reflex as rx

from portal.features.settings.branding.components import identity, marks, messages
from portal.features.settings.frame import BRANDING, Surface
from portal.ui.cards import columns


def branding_page(surface: Surface) -> rx.Component:
    """Route `/settings/branding`."""
    return surface.page(BRANDING, messages(), columns(identity(), marks()))
