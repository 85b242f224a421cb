"""The audit trail, for admins."""

import reflex as rx

from portal.features.settings.audit.components import event_list, topic_choice
from portal.features.settings.frame import AUDIT, Surface


def audit_page(surface: Surface) -> rx.Component:
    """Route `/settings/audit`."""
    return surface.page(AUDIT, topic_choice(), event_list())
