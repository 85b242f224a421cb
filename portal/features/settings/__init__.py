"""The Settings pages."""
