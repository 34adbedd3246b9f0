"""all-MiniLM-L6-v2 on onnxruntime: 384 numbers a text, without torch.

The graph comes with the package and is empty; the weights are read where they lie, as they lie, and verified. The
answers are those of `SentenceTransformer("all-MiniLM-L6-v2")`: at most 256 tokens, the mean over the attention mask,
length 1 (`tests/adapters/test_embedder_torch.py` compares them).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.adapters.embedders.weights import TENSORS, TOKENIZER, Mapped, Place, Stamps, find, mapped
from pytest_llmlearn.errors import EmbedderUnavailable, MissingExtra

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports.vectors import Matrix

GRAPH = Path(__file__).with_name("minilm.onnx")
DIMENSION = 384
MAX_TOKENS = 256
WORDS = "embeddings.word_embeddings.weight"
"""The words' vectors: looked up here, for onnxruntime would copy all 47 MB of them."""
MAX_BATCH_TOKENS = 1024
"""Tokens of one batch, padding included. More are no faster: what they need no longer fits the processor's cache, and
they need 40 MB more for each thousand."""
_FIRST_CHARACTERS = 8192
"""Of a longer text this much is looked at first; it nearly always holds 256 tokens."""


class MiniLM:
    """The embedder. Made at once; the model is loaded by the first text. Safe to use from several threads.

    `threads` is how many the model may keep busy for one batch.
    """

    def __init__(self, environ: Mapping[str, str], *, folder: str = "", batch: int = 32, threads: int = 1) -> None:
        """Look for the weights and for what runs them.

        Raises:
            MissingExtra: onnxruntime, tokenizers or numpy are not installed.
            EmbedderUnavailable: the weights are nowhere.
        """
        from importlib.util import find_spec  # loading them takes a fifth of a second, and may never be needed

        if not all(find_spec(name) for name in ("numpy", "onnxruntime", "tokenizers")):
            raise MissingExtra("vectors", "finding lessons by meaning")
        self.place: Place = find(environ, folder)
        self._stamps = Stamps.of(environ)
        self._batch = batch
        self._threads = threads
        self._lock = threading.Lock()
        self._session: Any = None
        self._tokenizer: Any = None
        self._words: Any = None
        self._tensors: list[Any] = []

    @property
    def name(self) -> str:
        return f"minilm:{TENSORS.sha256[:8]}"

    @property
    def dimension(self) -> int:
        return DIMENSION

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row of 384 numbers and length 1 for each text, in order; what comes after 256 tokens is not read.

        Raises:
            EmbedderUnavailable: the weights are not the published ones, or cannot be run.
        """
        import numpy

        self._load()
        tokens = [self._tokens(text) for text in texts]
        rows = numpy.empty((len(texts), DIMENSION), dtype=numpy.float32)
        for chosen in batches([len(ids) for ids in tokens], self._batch):
            width = len(tokens[chosen[-1]])
            ids = numpy.zeros((len(chosen), width), dtype=numpy.int64)  # 0 is [PAD]
            mask = numpy.zeros((len(chosen), width), dtype=numpy.int32)
            for row, at in enumerate(chosen):
                ids[row, : len(tokens[at])] = tokens[at]
                mask[row, : len(tokens[at])] = 1
            rows[chosen] = self._session.run(None, {"words": self._words[ids], "attention_mask": mask})[0]
        return rows

    def _tokens(self, text: str) -> list[int]:
        # A lone surrogate is no text to the tokenizer; it becomes what any unknown character is.
        text = text.encode("utf-8", "replace").decode("utf-8")
        ids: list[int] = self._tokenizer.encode(text[:_FIRST_CHARACTERS]).ids
        if len(text) > _FIRST_CHARACTERS and len(ids) < MAX_TOKENS:
            ids = self._tokenizer.encode(text).ids
        return ids

    def _load(self) -> None:
        with self._lock:
            if self._session is None:
                self._tokenizer = self._make_tokenizer()
                self._session = self._make_session()

    def _make_tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_buffer(mapped(self.place, TOKENIZER, self._stamps).content[:])
        tokenizer.enable_truncation(MAX_TOKENS)  # the file says 128, the model's sentence_bert_config.json 256
        tokenizer.no_padding()
        return tokenizer

    def _make_session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        # Waiting threads sleep: the processor belongs to the tests that run beside.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        graph = GRAPH.read_bytes()
        named = dict(tensors(mapped(self.place, TENSORS, self._stamps)))
        self._words = named.pop(WORDS)
        self._tensors = list(named.values())  # the session points into them, and does not hold them
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(tensor) for tensor in self._tensors]
        options.add_external_initializers(list(named), values)
        try:
            return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no common root but this
            raise EmbedderUnavailable(f"onnxruntime {onnxruntime.__version__} cannot run the model: {error}") from error


def tensors(file: Mapped) -> Iterator[tuple[str, Any]]:
    """The float32 tensors of a safetensors file by their names, as views of its bytes.

    Format: https://huggingface.co/docs/safetensors: eight bytes of length, a header in JSON, then the tensors as they
    lie in memory, row by row.
    """
    import numpy

    start = 8 + int.from_bytes(file.content[:8], "little")
    header = json.loads(file.content[8:start])
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32" or name.startswith("pooler."):
            continue
        first, end = entry["data_offsets"]
        view = numpy.frombuffer(file.content, dtype="<f4", count=(end - first) // 4, offset=start + first)
        yield name, view.reshape(entry["shape"])


def batches(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Which texts to work on together, given their lengths in tokens: like lengths together, so little is padded.

    Each batch is a list of places in `lengths`, the longest last; none has more than `most` of them, or, if it has
    several, more than `MAX_BATCH_TOKENS` tokens padded.
    """
    chosen: list[int] = []
    for at in sorted(range(len(lengths)), key=lengths.__getitem__):
        if chosen and (len(chosen) == most or lengths[at] * (len(chosen) + 1) > MAX_BATCH_TOKENS):
            yield chosen
            chosen = []
        chosen.append(at)
    if chosen:
        yield chosen
