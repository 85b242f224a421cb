"""The Client's dashboard: the present at a glance."""
