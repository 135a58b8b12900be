"""What a filter may take."""

import msgspec


class FilterLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a filter may take; each number can be set."""

    block_bytes: int = 64 * 1024
    """Bytes that are read and looked at together; others have their turn in between."""
    pause_s: float = 0.0001
    """How long it steps aside after each block."""
    piece_bytes: int = 64 * 1024
    """Bytes of output that are handed on together."""
    step_s: float = 0.2
    step_bytes: int = 8 * 1024 * 1024
    """After so long, or so many bytes read, what was found is handed on."""
    budget_s: float = 120.0
    """How long a filter may work; waiting for its reader does not count."""
    head_bytes: int = 256 * 1024
    """The beginning of a payload in which its columns, or its list of rows, must be found."""
    row_bytes: int = 1024 * 1024
    """Longest row."""
    page_bytes: int = 4 * 1024 * 1024
    """Output after which a page ends, about."""
    unpacked_bytes: int = 64 * 1024**3
    """Most bytes of a compressed payload, unpacked."""
    unpacked_ratio: int = 300
    """Most that it may grow, times, beyond its first 10 MiB."""
