"""What the server writes down of itself: to standard error, and to a file where one is named; never to standard output.

Texts of documents and of questions are not written down but at the level `debug`.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

LEVELS = ("debug", "info", "warning", "error")
_PRIVATE = 0o600
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def begin(level: str, file: Path | None) -> None:
    """Write from now on what is as important as `level`, and no less.

    Raises:
        OSError: the file cannot be written.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if file is not None:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _PRIVATE))
        handlers.append(logging.FileHandler(file, encoding="utf-8", errors="backslashreplace"))
    logging.basicConfig(level=level.upper(), format=_FORMAT, handlers=handlers)
    if level != "debug":
        # It logs whole messages, and traces of what is refused with a sentence of our own.
        logging.getLogger("pygls").setLevel(logging.CRITICAL)
