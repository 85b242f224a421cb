"""Statements on which report went to whom."""
