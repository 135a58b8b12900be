"""Simulated participants that play a process of the market; they speak through dip.client alone."""
