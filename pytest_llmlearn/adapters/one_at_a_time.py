"""One process at a time, by a lock on a small file.

The system lets go of the lock when its process ends, however it ends: none is ever left behind.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PAUSE = 0.05


class LockFile:
    """The lock `path`, whose folder must exist."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Hold it while this lasts; False where somebody else does, for whom nobody waits.

        Raises:
            OSError: the file cannot be made.
        """
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            taken = _take(handle)
            try:
                yield taken
            finally:
                if taken:
                    _release(handle)
        finally:
            os.close(handle)

    @contextmanager
    def waited_for(self, seconds: float) -> Iterator[None]:
        """Hold it while this lasts, once nobody else does.

        Raises:
            OSError: the file cannot be made.
            TimeoutError: somebody else held it for so long.
        """
        deadline = time.monotonic() + seconds
        while True:
            with self.held() as taken:
                if taken:
                    yield
                    return
            if time.monotonic() > deadline:
                raise TimeoutError(f"another process has held {self._path.name} for {seconds:g} seconds")
            time.sleep(_PAUSE)


if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _release(handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _release(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)
