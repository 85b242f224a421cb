"""What a customer's stack pushed, and why a batch did not land."""
