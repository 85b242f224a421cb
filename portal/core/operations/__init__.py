"""Whether the stack can do its work, for whoever runs it."""
