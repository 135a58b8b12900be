"""What every part stands on: settings, clock, errors, log. Knows nothing of messages."""
