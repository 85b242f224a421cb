"""People, sessions, second factors and machine keys."""
