"""The storage engine on plain PostgreSQL."""
