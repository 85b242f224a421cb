"""Arrivals of readings that a test puts into the table by itself, as an ingest would have noted them."""


def noted_arrivals(where: str = "true") -> str:
    """Return the statement that notes the arrivals of the Client's readings for which a condition holds."""
    return (
        "INSERT INTO app.push_arrivals (device_id, received_at, first_at, last_at, row_count) "
        "SELECT device_id, received_at, min(time), max(time), count(*) FROM monitoring.power_measurements "
        f"WHERE {where} GROUP BY device_id, received_at ORDER BY received_at"
    )
