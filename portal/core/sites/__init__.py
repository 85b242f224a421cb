"""A Client's sites and devices, and the devices' tokens."""
