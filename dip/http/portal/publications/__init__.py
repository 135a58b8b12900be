"""Publications as anybody reads them: downloads of payloads (5.6)."""
