"""Pattern B: large payloads, uploaded, announced to many, read by anybody (5.6)."""
