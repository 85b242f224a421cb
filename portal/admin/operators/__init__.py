"""Who of the operator's people sees which customers."""
