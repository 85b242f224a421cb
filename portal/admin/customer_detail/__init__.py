"""One customer, in tabs."""
