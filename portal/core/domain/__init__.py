"""Pure rules of the product: standard library only, no clock, no input or output."""
