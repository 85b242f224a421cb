"""What stands between HTTP and pages, and everything that relies on Reflex's insides."""
