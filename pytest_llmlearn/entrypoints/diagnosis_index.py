"""What `llmlearn doctor --index` examines: the vectors, the index over them, and what both take on disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_llmlearn.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found and done. `values` is ready for JSON."""

    values: dict[str, Any]

    @property
    def problems(self) -> list[str]:
        """What is wrong still, in sentences."""
        return list(self.values["problems"])

    def lines(self) -> Iterator[str]:
        """The report for people."""
        values = self.values
        where = f" in {values['where']}" if values["where"] else ""
        yield f"index: {values['index']}{where} (the setting is {values['setting']})"
        if values["embedder"] is None:
            yield "vectors: none"
        else:
            yield f"vectors: {values['vectors']} of {values['embedder']}, {values['waiting']} waiting (llmlearn index)"
        for space, entries in values["entries"].items():
            yield f"{space}: {entries} entries, {values['kept'][space]} in the store"
        if values["recall_at_10"] is not None:
            yield f"recall@10: {values['recall_at_10']:.3f} against comparing with all, in {values['asked']} questions"
        told = {"sqlite": "the store with its vectors", "chroma": "Chroma's copy"}
        sizes = [f"{told[part]} {_size(count)}" for part, count in values["bytes"].items() if count is not None]
        if sizes:
            yield f"disk: {', '.join(sizes)}"
        yield from (f"mended: {sentence}" for sentence in values["done"])
        yield from values["said"]
        yield from (f"problem: {problem}" for problem in self.problems)


def examine(root: Path, settings: Settings) -> Report:
    """Look at the index of the project at `root`, and mend it.

    Raises:
        LlmlearnError: there is no telling, for the store cannot be read or a setting is wrong.
    """
    from pytest_llmlearn.bootstrap import indexes

    found = indexes.examined(root, settings)
    checked = found.checked
    return Report(
        values={
            "index": found.kind,
            "setting": settings.index,
            "where": found.where,
            "embedder": found.embedder,
            "vectors": found.covered[0],
            "waiting": found.covered[1] - found.covered[0],
            "entries": dict(checked.there) if checked is not None else {},
            "kept": dict(checked.kept) if checked is not None else {},
            "recall_at_10": checked.recall if checked is not None else None,
            "asked": checked.asked if checked is not None else 0,
            "bytes": {"sqlite": found.store_bytes, "chroma": found.chroma_bytes},
            "done": [*(checked.done if checked is not None else ())],
            "said": [*found.said, *([checked.elsewhere] if checked is not None and checked.elsewhere else ())],
            "problems": [*(checked.problems if checked is not None else ())],
        }
    )


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 2**10:.0f} KiB"
