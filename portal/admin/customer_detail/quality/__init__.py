"""What waits for a decision, and what the readings are like."""
