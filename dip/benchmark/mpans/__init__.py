"""The MPAN table measured: how fast it is filled, asked and changed, and what an MPAN costs (5.5.14)."""
