"""Judges a register as a utility validates meter data: what is accepted, what is suspect, what happened."""
