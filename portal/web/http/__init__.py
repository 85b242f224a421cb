"""Requests of browsers, before and beside the pages."""
