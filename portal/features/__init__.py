"""Pages and parts of pages that both run modes have, by subject."""
