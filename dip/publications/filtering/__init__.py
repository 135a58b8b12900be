"""Filters on structured payloads: columns, conditions and pages of CSV and JSON, in one pass (5.6, FS-37)."""
