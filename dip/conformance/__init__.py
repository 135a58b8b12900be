"""Checks of others: faults on demand, by which testers find out what their own systems make of them."""
