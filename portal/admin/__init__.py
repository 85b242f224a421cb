"""The pages of the Admin mode. Never imported in Client mode."""
