"""Reports of a month: read, set as a page, and sent."""
