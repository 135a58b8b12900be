"""The catalogue while it serves: channels changed, paused and resumed without an outage (5.3, 5.13.5)."""
