"""Outbox entries that a test writes by itself, as an ingest would have."""


def outbox_entries(where: str = "true") -> str:
    """Return the statement that puts the Client's readings for which a condition holds into the outbox."""
    return (
        "INSERT INTO app.push_outbox (device_id, received_at, first_at, last_at, row_count) "
        "SELECT device_id, received_at, min(time), max(time), count(*) FROM monitoring.power_measurements "
        f"WHERE {where} GROUP BY device_id, received_at ORDER BY received_at"
    )
