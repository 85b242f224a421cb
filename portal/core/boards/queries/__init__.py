"""Statements on boards, claims and releases."""
