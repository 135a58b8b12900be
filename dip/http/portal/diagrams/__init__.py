"""Sequence diagrams of messages that were really sent (5.11.3)."""
