"""PostgreSQL as a child process of a stack that has no server of its own."""
