"""The activity log: every request in and out, chained record to record (5.8.1, FS-18, FS-45)."""
