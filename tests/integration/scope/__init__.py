"""Nobody sees or changes the affairs of others, on any route of either port (5.11, 5.12; FS-50)."""
