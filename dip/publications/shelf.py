"""Where the files of payloads lie, and that none is taken away from under a reader (5.6.1)."""

import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Final

_MODE: Final = 0o700


class Shelf:
    """The folder of the payloads' files; a file is named by the number of its payload, never by what a sender wrote.

    May be used by several threads. A file that is removed while it is read goes when its last reader is done, for not
    every system can take away a file that is open.
    """

    def __init__(self, directory: Path) -> None:
        """directory: made where it is not there."""
        directory.mkdir(mode=_MODE, parents=True, exist_ok=True)
        self._directory = directory
        self._lock = Lock()
        self._readers: Counter[int] = Counter()
        self._doomed: set[int] = set()

    def path(self, payload: int) -> Path:
        """Where the file of a payload lies, or will."""
        return self._directory / str(int(payload))

    @contextmanager
    def reading(self, payload: int) -> Iterator[Path]:
        """Pin a payload for the length of the block; gives the path of its file."""
        with self._lock:
            self._readers[payload] += 1
        try:
            yield self.path(payload)
        finally:
            with self._lock:
                self._readers[payload] -= 1
                is_last = not self._readers[payload]
                if is_last:
                    del self._readers[payload]
                is_over = is_last and payload in self._doomed
                if is_over:
                    self._doomed.discard(payload)
            if is_over:
                # What can't be deleted now is found by the next start.
                with suppress(OSError):
                    self.path(payload).unlink(missing_ok=True)

    def remove(self, payload: int) -> bool:
        """Delete a payload's file now, or when the last one who reads it is done; whether it is gone already.

        Of a large file this takes a while: not for the event loop's thread. Raises OSError.
        """
        with self._lock:
            if self._readers[payload]:
                self._doomed.add(payload)
                return False
            del self._readers[payload]
        self.path(payload).unlink(missing_ok=True)
        return True

    def strays(self, known: Collection[int]) -> Sequence[int]:
        """The files that belong to none of these payloads, by their numbers. At the start, before any upload.

        Only what has a payload's name is ours. Raises OSError.
        """
        names = [path.name for path in self._directory.iterdir() if path.is_file()]
        numbers = [int(name) for name in names if name.isascii() and name.isdecimal() and str(int(name)) == name]
        return sorted(frozenset(numbers).difference(known))

    def room(self) -> int:
        """Free bytes on the disk. Raises OSError."""
        return shutil.disk_usage(self._directory).free
