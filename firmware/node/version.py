"""Which release of the firmware this is."""

VERSION = "1.0.0"
