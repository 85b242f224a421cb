"""Files of readings: opened, looked at, tried and stored. It knows neither pages nor the command line."""
