"""What meters measured over time, for charts: any quantity, any span, in as many buckets as a picture shows."""
