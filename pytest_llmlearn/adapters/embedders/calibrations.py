"""What calibrating needs and leaves: the labelled pairs that come with the package, and the user's own calibrations.

The user's are kept in one small file of their data folder, `models/calibrations.json`: `{NAME: [SLOPE, MIDDLE]}`, by
the names of embedders. What is damaged there counts as not there.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from pytest_llmlearn.adapters.embedders.weights import data_folder
from pytest_llmlearn.domain.calibrating import Pair
from pytest_llmlearn.domain.similarity import Calibration
from pytest_llmlearn.errors import EmbedderUnavailable

PAIRS = "similarity_pairs.jsonl"


def labelled_pairs() -> list[Pair]:
    """All of them, in the order of the file."""
    text = (resources.files("pytest_llmlearn") / "data" / PAIRS).read_text(encoding="utf-8")
    return [Pair(**json.loads(line)) for line in text.splitlines()]


def kept(environ: Mapping[str, str]) -> dict[str, Calibration]:
    """The user's own calibrations, by the names of embedders."""
    try:
        read = json.loads(_file(environ).read_bytes())
    except (OSError, ValueError, EmbedderUnavailable):  # none was made yet, it is damaged, or the user has no home
        return {}
    found: dict[str, Calibration] = {}
    for name, numbers in read.items() if isinstance(read, dict) else ():
        try:
            slope, middle = numbers
            found[name] = Calibration(slope=slope, middle=middle)
        except (TypeError, ValueError):  # not two numbers of a curve that rises
            continue
    return found


def keep(environ: Mapping[str, str], name: str, made: Calibration) -> Path:
    """Keep the calibration of an embedder beside those of others, and where.

    Raises:
        EmbedderUnavailable: the user has no data folder that can be written.
    """
    path = _file(environ)
    known = {**kept(environ), name: made}
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, written = tempfile.mkstemp(dir=path.parent, prefix=".calibrations")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({one: [curve.slope, curve.middle] for one, curve in known.items()}, file, indent=1)
        Path(written).replace(path)
    except OSError as error:
        raise EmbedderUnavailable(f"the calibration cannot be kept: {error}") from error
    return path


def _file(environ: Mapping[str, str]) -> Path:
    return data_folder(environ) / "models" / "calibrations.json"
