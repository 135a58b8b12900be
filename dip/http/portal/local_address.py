"""Addresses that a form brings: followed only where they lead to this portal."""

from typing import Final

HOME: Final = "/"


def local_address(target: str) -> str:
    """An address of this portal as it was given, and the first page in the place of any other."""
    is_local = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if is_local else HOME
