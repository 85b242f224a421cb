"""Boards that are not there: the firmware's own node over simulated meters, flash and lines. See `running`."""
