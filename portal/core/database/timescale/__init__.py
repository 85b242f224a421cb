"""The storage engine on TimescaleDB."""
