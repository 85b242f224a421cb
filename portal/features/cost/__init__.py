"""What a cost page shows and keeps, in either run mode."""
