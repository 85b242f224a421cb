"""The page on which a customer leaves."""
