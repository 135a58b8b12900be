"""Certificates, keys and who may do what."""
