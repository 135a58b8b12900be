"""What of a file the operating system holds in memory, and how to have it let go."""

import os
from pathlib import Path
from typing import Final

_PROBES: Final = 500
_PAGE: Final = 4096


def forget(file: Path) -> None:
    """Ask the system to let go of a file's pages; it keeps those that a process has mapped."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def share_held(file: Path) -> float | None:
    """Which part of a file the system has in memory, probed at even places; None where it does not tell."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        size = os.fstat(descriptor).st_size
        places = range(0, size, max(_PAGE, size // _PROBES))
        held = sum(_is_held(descriptor, place) for place in places)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return held / len(places) if places else None


def _is_held(descriptor: int, place: int) -> bool:
    try:
        return os.preadv(descriptor, [bytearray(1)], place, os.RWF_NOWAIT) == 1
    except BlockingIOError:
        return False
