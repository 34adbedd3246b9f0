"""Any model of sentence-transformers, on any device that torch knows.

Models are read from a folder, or from the hub's cache on this machine: nothing is downloaded, and no code that comes
with a model is run.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.adapters.embedders.weights import hub_snapshots
from pytest_llmlearn.errors import EmbedderUnavailable, MissingExtra

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports.vectors import Matrix

PREFIX = "sentence-transformers:"
_SAMPLE = 1 << 20


class SentenceTransformers:
    """The embedder. The model is loaded by the first text, which takes seconds. Safe to use from several threads.

    `device` is a name of torch's (`cpu`, `cuda`, `cuda:1`, `mps`), "" for the best there is.
    """

    def __init__(self, model: str, environ: Mapping[str, str], *, device: str = "", batch: int = 32) -> None:
        """Find the model, a folder or a name on the hub, without loading it.

        Raises:
            MissingExtra: sentence-transformers is not installed.
            EmbedderUnavailable: there is no such folder, and the hub's cache has no such model.
        """
        if find_spec("sentence_transformers") is None:
            raise MissingExtra("sentence-transformers", f"the embedder {PREFIX}{model}")
        self._folder, self._name = _found(model, environ)
        self._device = device
        self._batch = batch
        self._lock = threading.Lock()
        self._loaded: Any = None

    @property
    def name(self) -> str:
        return self._name

    @property
    def dimension(self) -> int:
        """Numbers a vector; loads the model."""
        model = self._model()
        # Renamed by sentence-transformers 5.3; the older name warns there.
        asked = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
        return int(asked())

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row of length 1 for each text, in order; what a text has beyond the model's length is not read.

        Raises:
            EmbedderUnavailable: the model cannot be loaded or run, or the device is not there.
        """
        import numpy

        if not texts:
            return numpy.empty((0, self.dimension), dtype=numpy.float32)
        model = self._model()
        try:
            with self._lock:  # one text may change the tokenizer's state under another
                made = model.encode(
                    list(texts),
                    batch_size=self._batch,
                    normalize_embeddings=True,
                    convert_to_numpy=True,
                    show_progress_bar=False,
                )
        except Exception as error:  # torch's errors (out of memory, a device lost) have no common root but this
            raise EmbedderUnavailable(f"{self._name} could not be run: {_line(error)}") from error
        return numpy.asarray(made, dtype=numpy.float32).reshape(len(texts), -1)

    def _model(self) -> Any:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> Any:
        _no_code(self._folder)
        try:
            from sentence_transformers import SentenceTransformer

            return SentenceTransformer(
                str(self._folder), device=self._device or None, local_files_only=True, trust_remote_code=False
            )
        except Exception as error:  # a damaged model or a wrong device is anything, from KeyError to torch's own
            raise EmbedderUnavailable(f"{self._name} could not be loaded: {_line(error)}") from error


def _found(model: str, environ: Mapping[str, str]) -> tuple[Path, str]:
    """The folder of the model, and the name of the embedder."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
            raise EmbedderUnavailable(f"{folder} holds no model of sentence-transformers")
        return folder, f"{PREFIX}{folder.resolve().name}@{_digest(folder)}"
    name = model if "/" in model else f"sentence-transformers/{model}"  # without an owner: the library's own models
    for snapshot in hub_snapshots(name, environ):
        if (snapshot / "config.json").is_file() or (snapshot / "modules.json").is_file():
            return snapshot, f"{PREFIX}{name}@{snapshot.name[:8]}"
    raise EmbedderUnavailable(
        f"{model} is neither a folder nor in the model hub's cache on this machine: `hf download {name}` brings it"
    )


def _digest(folder: Path) -> str:
    """What tells this folder's model from another: all small files, and of large ones their size and both ends."""
    digest = blake2b(digest_size=4)
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name.startswith(".") or path.suffix == ".md":  # none changes a vector
            continue
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder).as_posix()}\0{size}\0".encode("utf-8", "replace"))
        with path.open("rb") as file:
            digest.update(file.read(_SAMPLE))
            if size > 2 * _SAMPLE:
                file.seek(-_SAMPLE, 2)
            digest.update(file.read(_SAMPLE))
    return digest.hexdigest()


def _no_code(folder: Path) -> None:
    """A module that a model names outside of the library would be imported, by versions before 6 without a question."""
    try:
        modules = json.loads((folder / "modules.json").read_bytes())
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise EmbedderUnavailable(f"{folder / 'modules.json'} cannot be read: {error}") from error
    for module in modules if isinstance(modules, list) else ():
        kind = module.get("type") if isinstance(module, dict) else None
        if not isinstance(kind, str) or not kind.startswith("sentence_transformers."):
            raise EmbedderUnavailable(f"the model in {folder} brings code of its own ({kind}), which is not run")


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
