"""Shapes of what travels between devices, Client stacks and the Admin stack.

One definition per batch row, read by the ingest side and written by the push side, so that the two
cannot drift apart. Only msgspec is imported here: no HTTP, no database.
"""
