"""Files that are either there in full or not at all, with their mode from the first moment."""

import os
from pathlib import Path

SECRET = 0o600
PUBLIC = 0o644
UNFINISHED = ".part"
"""How the names of files end that a killed writer left behind; the next writing of the same file takes it over."""


def write_file(path: Path, content: bytes, mode: int = PUBLIC) -> None:
    """Write beside the place and rename, so that nobody sees half a file or a readable key."""
    beside = path.with_name(f".{path.name}{UNFINISHED}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, SECRET), "wb") as file:
            file.write(content)
        beside.chmod(mode)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
