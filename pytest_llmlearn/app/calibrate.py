"""Find out what the cosines of an embedder mean, from pairs of which that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_llmlearn.app.ports.vectors import Embedder
from pytest_llmlearn.domain.calibrating import Figures, Pair, figures, fit
from pytest_llmlearn.domain.similarity import Calibration
from pytest_llmlearn.errors import EmbedderUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """The curve fitted to the tuning half of the pairs, and how good it is there and on the half held out."""

    embedder: str
    curve: Calibration
    tuning: Figures
    held_out: Figures


def calibrate(embedder: Embedder, pairs: Sequence[Pair]) -> Calibrated:
    """Embed all texts of the pairs, once each, and fit.

    Raises:
        EmbedderUnavailable: it makes no vectors, or such as do not tell pairs that are the same from others.
    """
    known = list(zip(pairs, cosines(embedder, pairs), strict=True))
    tuning = [one for one in known if not one[0].held_out]
    held_out = [one for one in known if one[0].held_out]
    try:
        curve = fit(*_apart(tuning))
    except ValueError as error:
        raise EmbedderUnavailable(f"{embedder.name} cannot be calibrated: {error}") from error
    return Calibrated(
        embedder=embedder.name,
        curve=curve,
        tuning=figures(*_apart(tuning), curve),
        held_out=figures(*_apart(held_out), curve),
    )


def cosines(embedder: Embedder, pairs: Sequence[Pair]) -> list[float]:
    """Of the two texts of each pair."""
    texts = sorted({text for pair in pairs for text in (pair.one, pair.other)})
    places = {text: place for place, text in enumerate(texts)}
    rows = embedder.embed(texts)
    return [float(rows[places[pair.one]] @ rows[places[pair.other]]) for pair in pairs]


def _apart(known: Sequence[tuple[Pair, float]]) -> tuple[list[Pair], list[float]]:
    return [pair for pair, _ in known], [cosine for _, cosine in known]
