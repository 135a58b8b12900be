"""What keeps the MPAN table: imports, registration services, the registration messages that pass through (5.5.14)."""
