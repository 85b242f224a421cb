"""What energy is: rules without clock, input or output, of nothing but the standard library and the domain."""
