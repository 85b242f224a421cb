"""A customer's sites and their devices, as its stack mirrors them."""
