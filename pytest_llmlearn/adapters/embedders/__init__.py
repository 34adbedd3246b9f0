"""Embedders: what makes vectors of texts. `choose` makes the one that a setting names; nothing is downloaded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pytest_llmlearn.errors import EmbedderUnavailable

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports.vectors import Embedder


def choose(
    setting: str = "minilm",
    *,
    folder: str = "",
    device: str = "",
    batch: int = 32,
    threads: int = 1,
    seconds: float = 10.0,
    hurried: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Embedder | None:
    """The embedder named by `setting`: `minilm`, `hashing`, `sentence-transformers:NAME_OR_FOLDER`,
    `openai:BASE_URL#MODEL`; None for `none`. Each is made in milliseconds, and loads its model with the first text.

    `folder` is where minilm's weights lie first of all, `device` where sentence-transformers computes, `batch` how
    many texts go together, `threads` how many minilm uses, `seconds` how long an endpoint may take; with `hurried` it
    is asked once, and for 2 seconds at most, because somebody waits for an answer that can do without. `environ` is the
    environment, by default this process's.

    Raises:
        MissingExtra: packages that it needs are not installed.
        EmbedderUnavailable: weights are nowhere, or the setting names no embedder; says what would help.
    """
    environ = os.environ if environ is None else environ
    kind, _, rest = setting.partition(":")
    match kind:
        case "none" if not rest:
            return None
        case "minilm" if not rest:
            from pytest_llmlearn.adapters.embedders.minilm import MiniLM

            return MiniLM(environ, folder=folder, batch=batch, threads=threads)
        case "hashing" if not rest:
            from pytest_llmlearn.adapters.embedders.hashing import Hashing

            return Hashing()
        case "sentence-transformers" if rest:
            from pytest_llmlearn.adapters.embedders.sentence_transformers import SentenceTransformers

            return SentenceTransformers(rest, environ, device=device, batch=batch)
        case "openai" if rest:
            from pytest_llmlearn.adapters.embedders.openai import OpenAI

            return OpenAI(rest, environ, batch=batch, seconds=seconds, hurried=hurried)
    raise EmbedderUnavailable(
        f"{setting!r} names no embedder: minilm, hashing, none, sentence-transformers:NAME_OR_FOLDER, "
        "openai:BASE_URL#MODEL"
    )
