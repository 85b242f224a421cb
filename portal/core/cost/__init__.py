"""What energy costs: the rate calendar, the calculator, its SQL, and why a cent is what it is."""
