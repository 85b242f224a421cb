"""The tariffs a customer's stack has pushed."""
