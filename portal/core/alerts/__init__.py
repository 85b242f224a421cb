"""Alerts: what is watched, what happened, and who is told."""
