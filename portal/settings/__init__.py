"""The Settings pages of both run modes."""
