"""Incidents: raised, prioritised, owned, resolved, confirmed and closed, each step kept (7.3, 7.4)."""
