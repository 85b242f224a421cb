"""Dashboards of Grafana inside pages, where a stack has one beside it."""
