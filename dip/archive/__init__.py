"""What is kept: the archive of messages, sealed (5.2.2, 5.5.7)."""
