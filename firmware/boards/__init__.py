"""Hardware files: one per board, each with a `make(settings)` that returns what the node needs."""
