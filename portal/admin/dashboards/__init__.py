"""Charts over the fleet."""
