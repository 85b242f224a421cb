"""Whether the figures of a page can be believed."""
