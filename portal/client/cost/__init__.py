"""What the energy of the own sites cost."""
