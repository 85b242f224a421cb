"""The Admin's customers: their tokens, what they push, and what operators see of them."""
