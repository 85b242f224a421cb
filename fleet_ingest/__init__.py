"""The HTTP API of both run modes: device ingest, fleet ingest and the REST routes.

Runs inside the portal's process or as a process of its own; it never imports the user interface.
"""
