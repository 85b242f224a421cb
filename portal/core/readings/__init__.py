"""What meters said: files, decoding, storing, and questions over time."""
