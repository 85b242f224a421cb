"""The brand as browsers get it: stylesheet, palette and images."""
