"""Data quality: what the judge found in the readings, what people decide about it, and what was covered by readings."""
