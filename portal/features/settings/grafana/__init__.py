"""Grafana among the Settings, for admins."""
