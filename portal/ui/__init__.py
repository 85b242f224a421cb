"""The design system: what every page of both run modes is made of. It knows no service and no page."""
