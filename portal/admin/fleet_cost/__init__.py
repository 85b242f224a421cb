"""What a month cost all customers."""
