"""Files that are either there in full or not at all, with their mode from the first moment."""

import os
import tempfile
from pathlib import Path

SECRET = 0o600
PUBLIC = 0o644


def write_file(path: Path, content: bytes, mode: int = PUBLIC) -> None:
    """Write beside the place and rename, so that nobody sees half a file or a readable key."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
