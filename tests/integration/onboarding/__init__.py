"""Participants join, change and leave."""
