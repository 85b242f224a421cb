"""Tariffs that the operator's library offers."""
