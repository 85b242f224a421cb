"""A customer's own brand, worn by its page."""
