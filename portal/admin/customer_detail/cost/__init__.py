"""What a customer's energy cost in a range of days."""
