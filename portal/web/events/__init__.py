"""Websocket events, tabs and open pages."""
