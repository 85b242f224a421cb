"""State of the Cost pages that both run modes have."""
