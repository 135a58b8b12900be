"""A message comes in: received, verified, checked, wrapped, routed, committed (5.5.1 to 5.5.5)."""
