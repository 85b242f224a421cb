"""Tariffs as cards and heat maps."""
