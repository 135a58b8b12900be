"""Who is appointed for an MPAN: its history in two times, what changes it, and its form on disk (5.5.14)."""
