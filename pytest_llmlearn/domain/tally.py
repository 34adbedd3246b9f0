"""How much of a repository is whose: files, lines and functions by type and by model.

Tallies add up, so that one of an unchanged file need never be taken again. Lines are counted as blame counts them,
blank ones too; classes are not counted, and a function within a function is one of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pytest_llmlearn.domain import source
from pytest_llmlearn.domain.culprit import is_test_file
from pytest_llmlearn.domain.provenance import FileProvenance
from pytest_llmlearn.domain.rollup import Counts, Rolling, RollUp


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCounts:
    """What one model had a hand in: its own lines, and the functions and files in which it has any."""

    lines: int = 0
    functions: int = 0
    files: int = 0

    def __add__(self, other: ModelCounts) -> ModelCounts:
        return ModelCounts(
            lines=self.lines + other.lines,
            functions=self.functions + other.functions,
            files=self.files + other.files,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts over one file or many. `models` go by name, that with most lines first."""

    files: Counts = field(default_factory=Counts)
    lines: Counts = field(default_factory=Counts)
    functions: Counts = field(default_factory=Counts)
    models: tuple[tuple[str, ModelCounts], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTally:
    """The tally of one file, whether it is a test's, and what its lines are together."""

    tally: Tally
    in_tests: bool
    rolled: RollUp


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The counts of a repository, or of a folder of it, file by file."""

    files: Mapping[str, FileTally]

    @property
    def whole(self) -> Tally:
        """Of all files."""
        return total(entry.tally for entry in self.files.values())

    @property
    def tests(self) -> Tally:
        """Of the files on the tests' side."""
        return total(entry.tally for entry in self.files.values() if entry.in_tests)


def of_file(path: str, text: str, provenance: FileProvenance) -> FileTally:
    """Count one file. Its functions are left out where it does not parse."""
    rolling = Rolling(provenance, text)
    whole = rolling.whole()
    functions = [rolling.over(unit.start, unit.end) for unit in source.units(text) if unit.kind == "function"]
    shared = Counter(model for rolled in functions for model, _ in rolled.models)
    return FileTally(
        tally=Tally(
            files=_one_each([whole]),
            lines=whole.lines,
            functions=_one_each(functions),
            models=tuple(
                (model, ModelCounts(lines=lines, functions=shared[model], files=1)) for model, lines in whole.models
            ),
        ),
        in_tests=is_test_file(path, text),
        rolled=whole,
    )


def _one_each(rolled: Iterable[RollUp]) -> Counts:
    types = Counter(entry.type for entry in rolled)
    return Counts(human=types["human"], ai=types["ai"], mixed=types["mixed"], unknown=types["unknown"])


def total(tallies: Iterable[Tally]) -> Tally:
    """All of them as one."""
    files = lines = functions = Counts()
    models: dict[str, ModelCounts] = {}
    for tally in tallies:
        files, lines, functions = files + tally.files, lines + tally.lines, functions + tally.functions
        for name, counts in tally.models:
            models[name] = models.get(name, ModelCounts()) + counts
    ordered = sorted(models.items(), key=lambda entry: (-entry[1].lines, entry[0]))
    return Tally(files=files, lines=lines, functions=functions, models=tuple(ordered))
