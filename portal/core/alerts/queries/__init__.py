"""Statements on rules, channels, alerts and their messages."""
