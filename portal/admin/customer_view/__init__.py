"""A customer's data as the customer sees it: read-only, and on record."""
