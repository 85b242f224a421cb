"""Municipalities and their tariffs."""
