"""Settings, Rates: municipalities and their tariffs."""
