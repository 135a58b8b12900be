"""An open conformance reference of the Data Integration Platform (DIP)."""

__version__ = "0.1.0"
