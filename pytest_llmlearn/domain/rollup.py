"""Many lines rolled up to one answer: for a function, a class, a file.

The known lines decide the type; those of unknown origin only lower the confidence. Blank lines are counted, as blame
counts them, and decide nothing unless there is nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from pytest_llmlearn.domain import source
from pytest_llmlearn.domain.provenance import Contributor, FileProvenance, Provenance
from pytest_llmlearn.domain.source import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many of something are of each type."""

    human: int = 0
    ai: int = 0
    mixed: int = 0
    unknown: int = 0

    @property
    def total(self) -> int:
        return self.human + self.ai + self.mixed + self.unknown

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            human=self.human + other.human,
            ai=self.ai + other.ai,
            mixed=self.mixed + other.mixed,
            unknown=self.unknown + other.unknown,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RollUp:
    """What many lines are together.

    `lines` counts all of them. `confidence` is the mean over those that are not blank, of unknown origin as 0.
    `models` has the lines of each model that wrote or shared some, most first; where the model is unknown the tool
    stands for it, else `unknown`.
    """

    type: Contributor = "unknown"
    confidence: float = 0.0
    lines: Counts = field(default_factory=Counts)
    models: tuple[tuple[str, int], ...] = ()

    @property
    def model(self) -> str | None:
        """The model, where all the generated lines are of one."""
        return self.models[0][0] if len(self.models) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Consecutive lines, from 1 and both included, of which the same is known."""

    start: int
    end: int
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitProvenance:
    """A function or class, and what its lines are together."""

    unit: Unit
    rolled: RollUp


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAccount:
    """All that is known of who wrote one file: its `lines` one by one, its functions and classes, and `rolled` up."""

    path: str
    lines: tuple[Provenance, ...]
    units: tuple[UnitProvenance, ...]
    rolled: RollUp

    @property
    def ranges(self) -> tuple[Range, ...]:
        """The lines, those merged that follow one another and of which the same is known."""
        return ranges(self.lines)


def account(path: str, text: str, provenance: FileProvenance) -> FileAccount:
    """What the lines of a file come to. Only of Python files the functions are known."""
    rolling = Rolling(provenance, text)
    return FileAccount(
        path=path,
        lines=provenance.lines,
        units=_units(rolling, text) if path.endswith((".py", ".pyi")) else (),
        rolled=rolling.whole(),
    )


def named_model(provenance: Provenance) -> str:
    """The name that generated lines are counted under."""
    return provenance.model or provenance.tool or "unknown"


def ranges(lines: Sequence[Provenance]) -> tuple[Range, ...]:
    """Consecutive lines with equal answers, merged."""
    found: list[Range] = []
    start = 1
    for provenance, group in groupby(lines):
        end = start + sum(1 for _ in group) - 1
        found.append(Range(start=start, end=end, provenance=provenance))
        start = end + 1
    return tuple(found)


class Rolling:
    """The lines of one file, ready to be rolled up over any part of it.

    A line is one small number here: distinct answers are few, and whole-repository counts ask for every function.
    """

    def __init__(self, provenance: FileProvenance, text: str) -> None:
        codes: dict[Provenance, int] = {}
        # Hashing an answer costs more than all else, and most lines share one object with the line before.
        last: Provenance | None = None
        code = 0
        self._codes: list[int] = []
        self._telling: list[int] = []
        """Of the lines that are not blank, as `_codes` is of all."""
        self._before = [0]
        """How many lines that are not blank stand above each line."""
        for line, written in zip(provenance.lines, source.lines_of(text), strict=False):
            if line is not last:
                last, code = line, codes.setdefault(line, len(codes))
            self._codes.append(code)
            if written and not written.isspace():
                self._telling.append(code)
            self._before.append(len(self._telling))
        self._distinct = list(codes)

    def over(self, start: int, end: int) -> RollUp:
        """The lines `start` to `end`, from 1 and both included, as one."""
        top = len(self._codes)
        first, last = min(max(start - 1, 0), top), min(max(end, 0), top)
        telling = self._telling[self._before[first] : self._before[last]]
        return _rolled(Counter(self._codes[first:last]), Counter(telling), self._distinct)

    def whole(self) -> RollUp:
        """All the lines as one."""
        return _rolled(Counter(self._codes), Counter(self._telling), self._distinct)


def _rolled(counted: Counter[int], telling: Counter[int], distinct: Sequence[Provenance]) -> RollUp:
    models: Counter[str] = Counter()
    for code, count in counted.items():
        if distinct[code].generated:
            models[named_model(distinct[code])] += count
    deciding = telling or counted
    sure = sum(
        distinct[code].confidence * count for code, count in deciding.items() if distinct[code].type != "unknown"
    )
    return RollUp(
        type=_decided(_by_type(deciding, distinct)),
        confidence=round(sure / deciding.total(), 4) if deciding else 0.0,
        lines=_by_type(counted, distinct),
        models=tuple(sorted(models.items(), key=lambda entry: (-entry[1], entry[0]))),
    )


def _by_type(counted: Counter[int], distinct: Sequence[Provenance]) -> Counts:
    types: Counter[str] = Counter()
    for code, count in counted.items():
        types[distinct[code].type] += count
    return Counts(human=types["human"], ai=types["ai"], mixed=types["mixed"], unknown=types["unknown"])


def _decided(lines: Counts) -> Contributor:
    if lines.mixed or (lines.ai and lines.human):
        return "mixed"
    return "ai" if lines.ai else "human" if lines.human else "unknown"


def roll_up(lines: Sequence[Provenance], texts: Sequence[str]) -> RollUp:
    """Those lines as one, given the text of each; a line without a text is left out."""
    return Rolling(FileProvenance(lines=tuple(lines)), "\n".join(texts)).whole()


def roll_up_units(provenance: FileProvenance, text: str) -> tuple[UnitProvenance, ...]:
    """Every function and class of the text, by first line; none where it does not parse."""
    return _units(Rolling(provenance, text), text)


def _units(rolling: Rolling, text: str) -> tuple[UnitProvenance, ...]:
    found = [UnitProvenance(unit=unit, rolled=rolling.over(unit.start, unit.end)) for unit in source.units(text)]
    return tuple(sorted(found, key=attrgetter("unit.start")))
