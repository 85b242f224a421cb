"""How tariffs are shown, in either run mode."""
