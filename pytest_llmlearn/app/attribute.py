"""Whose code is at fault: from what was seen to the line of LLM-written code that a failure is laid on.

The innermost frame of the project on an LLM-written line. Where the failure was raised in the test, the code under
test: what the failing statement names, then the test's function, then the test module's imports.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from pytest_llmlearn.app.provenance import Origins
from pytest_llmlearn.app.resolve import Resolver, Target
from pytest_llmlearn.domain import reach, source
from pytest_llmlearn.domain.culprit import Culprit, is_test_file, is_the_test
from pytest_llmlearn.domain.entry import ChosenBy
from pytest_llmlearn.domain.occurrence import SCANS, Frame, Occurrence, is_inside
from pytest_llmlearn.domain.provenance import UNKNOWN, Provenance
from pytest_llmlearn.domain.source import Unit
from pytest_llmlearn.hookspecs import Surroundings

NEVER_AWAITED = re.compile(r"coroutine '([^']+)' was never awaited")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    path: str
    line: int | None
    unit: Unit
    chosen_by: ChosenBy
    in_test: bool


class Attribution:
    """Chooses culprits. With `everything`, code that no model wrote is chosen too, where no LLM-written code is."""

    def __init__(self, surroundings: Surroundings, origins: Origins, *, everything: bool = False) -> None:
        self._surroundings = surroundings
        self._origins = origins
        self._everything = everything
        self._test_files: dict[str, bool] = {}
        self.unknown: set[str] = set()
        """Files on which a failure would have been laid, had it been known who wrote them."""

    def attribute(self, occurrences: Sequence[Occurrence]) -> list[Culprit | None]:
        """The culprit of each failure, None where none of its code is known to be a model's."""
        levels = [self._nearest(occurrence) for occurrence in occurrences]
        self._origins.load(candidate.path for several in levels for level in several for candidate in level)
        return [
            self._chosen(occurrence, several) or self._handed_in(occurrence)
            for occurrence, several in zip(occurrences, levels, strict=True)
        ]

    def reached(self, nodeid: str, test_path: str) -> Iterator[tuple[str, str]]:
        """What a test names of the code under test, as path and qualified name, whatever came of it.

        By its function and its fixtures; what its file imports and the test does not name is not reached by it.
        """
        test = Occurrence(nodeid=nodeid, when="call", exception="", mro=(), message="", test_path=test_path)
        for level in self._under_test(test):
            for candidate in level:
                if candidate.chosen_by != "imports":
                    yield candidate.path, candidate.unit.qualname

    def _handed_in(self, occurrence: Occurrence) -> Culprit | None:
        """What was handed in is laid where it says, or nowhere in particular: it is recorded in any case."""
        if occurrence.source != "handed-in":
            return None
        path = occurrence.path or ""
        text = occurrence.code if occurrence.code is not None else path and self._surroundings.text(path)
        return Culprit(
            path=path,
            line=occurrence.line,
            unit=named_unit(text or "", occurrence.function or _tested(text or "", occurrence), occurrence.line),
            chosen_by="handed-in",
            provenance=self._origins.of(path).at(occurrence.line) if path else UNKNOWN,
            in_test=occurrence.line is None,
        )

    def _nearest(self, occurrence: Occurrence) -> tuple[list[_Candidate], list[_Candidate]]:
        """The nearest level that names anything of the project, and the test's own lines.

        A farther level is not accused in place of a nearer one. The test's lines are asked in any case: a test that a
        model wrote is generated code too.
        """
        nearest = next((level for level in self._levels(occurrence) if level), [])
        return nearest, [self._at(frame.path, frame.line, "frame") for frame in self._test_frames(occurrence)]

    def _chosen(self, occurrence: Occurrence, levels: Sequence[Sequence[_Candidate]]) -> Culprit | None:
        raised = next((candidate for candidate in levels[0] if candidate.chosen_by == "frame"), None)
        if raised is not None and self._written(raised).type == "unknown" and not self._everything:
            levels = levels[:1]  # who wrote what failed is not known: the test that showed it is not accused instead
        for allowed in (True, False) if self._everything else (True,):
            for level in levels:
                kept = [(candidate, self._written(candidate)) for candidate in level]
                kept = [(candidate, origin) for candidate, origin in kept if origin.generated or not allowed]
                if kept:
                    return self._culprit(occurrence, kept)
        nearest = next((candidate for level in levels for candidate in level), None)
        if nearest is not None and self._written(nearest).type == "unknown":
            self.unknown.add(nearest.path)
        return None

    def _culprit(self, occurrence: Occurrence, kept: Sequence[tuple[_Candidate, Provenance]]) -> Culprit:
        candidate, origin = kept[0]
        return Culprit(
            path=candidate.path,
            line=candidate.line,
            unit=candidate.unit,
            chosen_by=_how(candidate, [entry for entry, _ in kept]),
            provenance=origin,
            in_test=candidate.in_test,
            broken_test=candidate.in_test and self._is_broken_test(occurrence, candidate.path),
        )

    def _written(self, candidate: _Candidate) -> Provenance:
        known = self._origins.of(candidate.path)
        if candidate.line is not None and not candidate.in_test:
            return known.at(candidate.line)
        if candidate.unit.kind == "module":
            return known.between(1, max(len(known.lines), 1))
        return known.between(candidate.unit.start, candidate.unit.end)

    def _levels(self, occurrence: Occurrence) -> Iterator[list[_Candidate]]:
        """Candidates by how directly the failure points at them, the nearest level first."""
        if occurrence.source == "handed-in" and occurrence.path is not None:
            return  # already laid on its culprit
        if occurrence.source in SCANS:
            if occurrence.path is not None and occurrence.line is not None:
                yield [self._at(occurrence.path, occurrence.line, "frame")]  # in a test as anywhere
            return
        yield list(self._frames(occurrence))
        yield list(self._never_awaited(occurrence))
        yield from self._under_test(occurrence)

    def _frames(self, occurrence: Occurrence) -> Iterator[_Candidate]:
        places: list[tuple[str, int]] = []
        if occurrence.path is not None and occurrence.line is not None:
            places.append((occurrence.path, occurrence.line))
        own = [(frame.path, frame.line) for frame in reversed(occurrence.frames)]
        below = [(frame.path, frame.line) for link in occurrence.linked for frame in reversed(link.frames)]
        if occurrence.linked and occurrence.linked[0].relation == "member":
            own, below = below, own  # a group's own frames only gathered what its members raised
        for path, line in dict.fromkeys([*places, *own, *below]):
            known = is_inside(path) and self._surroundings.text(path) is not None
            if known and not self._on_test_side(path, occurrence):
                yield self._at(path, line, "frame")

    def _at(self, path: str, line: int, chosen_by: ChosenBy) -> _Candidate:
        unit = source.unit_at(self._surroundings.text(path) or "", line)
        return _Candidate(path=path, line=line, unit=unit, chosen_by=chosen_by, in_test=False)

    def _under_test(self, occurrence: Occurrence) -> Iterator[list[_Candidate]]:
        """What each place of the test names: its statement, its function with its fixtures; at last its imports.

        The module's imports are asked only where the function uses values whose making it does not show: a test that
        names nothing of the project failed by itself.
        """
        imported: list[_Candidate] = []
        for place in self._places(occurrence):
            text = self._surroundings.text(place.path)
            if text is None:
                continue
            names = reach.Reached(text, place.line or None)
            resolver = Resolver(self._surroundings, place.path, names.imports, occurrence.bindings)
            yield list(self._named(resolver, names.statement, "statement", occurrence))
            if occurrence.when in ("setup", "teardown") and occurrence.frames:
                continue  # a fixture failed: what the test would have done did not happen
            yield list(self._named(resolver, names.function, "test-body", occurrence))
            yield [candidate for name in names.parameters for candidate in self._fixture(name, place.path, occurrence)]
            if names.opaque or occurrence.when == "collect":
                imported += self._named(resolver, [(name,) for name in names.imports], "imports", occurrence)
        yield imported

    def _fixture(self, name: str, path: str, occurrence: Occurrence) -> Iterator[_Candidate]:
        """What the fixture of that name reaches: in the test's file, else in the nearest conftest upwards."""
        folders = [folder.as_posix() for folder in PurePosixPath(path).parents]
        beside = ["conftest.py" if folder == "." else f"{folder}/conftest.py" for folder in folders]
        for file in (path, *beside):
            text = self._surroundings.text(file)
            node = reach.fixture(text, name) if text else None
            if text and node is not None:
                names = reach.Reached(text, node.end_lineno)
                resolver = Resolver(self._surroundings, file, names.imports)
                yield from self._named(resolver, names.function, "test-body", occurrence)
                return

    def _places(self, occurrence: Occurrence) -> list[Frame]:
        """Where in the test's files to look for names, innermost first; the test itself where no frame is known."""
        frames = self._test_frames(occurrence)
        path, *inside = occurrence.nodeid.split("::")
        path = occurrence.test_path or path
        if any(frame.path == path for frame in frames):
            return frames
        text = self._surroundings.text(path) or ""
        test = source.unit_named(text, ".".join(part.partition("[")[0] for part in inside))
        line = test.end if test is not None else occurrence.test_line or 0
        return [*frames, Frame(path=path, line=line, function=occurrence.test_function or "")]

    def _named(
        self, resolver: Resolver, chains: Iterable[reach.Chain], chosen_by: ChosenBy, occurrence: Occurrence
    ) -> Iterator[_Candidate]:
        targets = [target for chain in chains if (target := resolver.resolve(chain)) is not None]
        if chosen_by != "imports":  # a module by itself is no unit that could be at fault
            targets = [target for target in targets if target.kind != "module" or target.missing]
        found = dict.fromkeys(target for target in targets if not self._on_test_side(target.path, occurrence))
        lacking = occurrence.is_a("AttributeError", "ImportError")
        # Stable: the nearest name first among equals.
        for target in sorted(found, key=lambda target: _precision(target, lacking)):
            unit = resolver.unit(target)
            line = 1 if target.missing else None
            yield _Candidate(path=target.path, line=line, unit=unit, chosen_by=chosen_by, in_test=True)

    def _never_awaited(self, occurrence: Occurrence) -> Iterator[_Candidate]:
        """The call that made a coroutine nobody awaited, where the warning names only the place it died."""
        named = NEVER_AWAITED.search(occurrence.message)
        if named is None or occurrence.path is not None:
            return
        name = named.group(1).rpartition(".")[2]
        reached = [candidate for level in self._under_test(occurrence) for candidate in level]
        for candidate in reached:
            lines = call_lines(self._surroundings.text(candidate.path) or "", name, candidate.unit)
            for line in lines:
                yield self._at(candidate.path, line, "statement" if len(lines) == 1 else "test-body")
        for path in dict.fromkeys(candidate.path for candidate in reached):
            for line in call_lines(self._surroundings.text(path) or "", name, None):
                yield self._at(path, line, "test-body")

    def _on_test_side(self, path: str, occurrence: Occurrence) -> bool:
        """Whether a file belongs to the test of this failure, not to the code under test."""
        if path not in self._test_files:
            self._test_files[path] = is_test_file(path, self._surroundings.text(path) or "")
        return self._test_files[path] or is_the_test(path, occurrence)

    def _test_frames(self, occurrence: Occurrence) -> list[Frame]:
        """The project's frames on the test's side, innermost first."""
        inside = [frame for frame in reversed(occurrence.frames) if frame.inside]
        return [frame for frame in inside if self._on_test_side(frame.path, occurrence)]

    def _is_broken_test(self, occurrence: Occurrence, under_test: str) -> bool:
        """Whether the test itself failed, before the code under test could be at fault.

        A name that the test's own code lacks, a fixture that does not exist, a module that the test imports and that is
        not the project's.
        """
        innermost = occurrence.frames[-1] if occurrence.frames else None
        if innermost is not None and not self._on_test_side(innermost.path, occurrence):
            return occurrence.short_exception == "FixtureLookupError"
        if occurrence.is_a("NameError"):
            return True
        if occurrence.is_a("ModuleNotFoundError"):
            missing = occurrence.facts.get("name", "").partition(".")[0]
            return bool(missing) and missing not in under_test.replace("/", ".").split(".")
        return False


def _precision(target: Target, lacking: bool) -> int:
    """Functions before classes before modules; a name that is missing first where something was lacking, else last."""
    if target.missing:
        return 0 if lacking else 4
    return {"function": 1, "instance": 2, "class": 2, "variable": 2, "module": 3}[target.kind]


def _how(candidate: _Candidate, others: Sequence[_Candidate]) -> ChosenBy:
    """`single-unit` where the test's body reaches exactly one function of the generated code."""
    if candidate.chosen_by not in ("test-body", "imports"):
        return candidate.chosen_by
    for kind in ("function", "class", "variable"):
        reached = {(entry.path, entry.unit.qualname) for entry in others if entry.in_test and entry.unit.kind == kind}
        if reached:
            return "single-unit" if len(reached) == 1 else candidate.chosen_by
    return candidate.chosen_by


def _tested(text: str, occurrence: Occurrence) -> str | None:
    """The unit that the test's name speaks of, where nobody named a place: `test_find_word_4` is of `find_word`."""
    if occurrence.line is not None:
        return None
    told = occurrence.nodeid.rpartition("::")[2].partition("[")[0].replace("_", "").lower()
    bare = {unit.qualname: unit.qualname.rpartition(".")[2].replace("_", "").lower() for unit in source.units(text)}
    named = [qualname for qualname, name in bare.items() if len(name) > 2 and name in told]
    return max(named, key=lambda qualname: len(bare[qualname]), default=None)


def named_unit(text: str, function: str | None, line: int | None) -> Unit:
    """The unit of a text that somebody else named: by its qualified or bare name, else by line."""
    if text:
        found = [
            unit
            for unit in source.units(text)
            if function and (unit.qualname == function or unit.qualname.endswith(f".{function}"))
        ]
        around = [unit for unit in found if line is not None and unit.holds(line)]
        if found:
            return (around or found)[0]
        unit = source.unit_at(text, line)
        named = function is not None and function.replace(".", "").replace("<locals>", "").isidentifier()
        return replace(unit, qualname=function or "") if named and not unit.qualname else unit
    at = max(line or 1, 1)
    return Unit(qualname=function or "", kind="function" if function else "module", start=at, line=at, end=at)


def call_lines(text: str, name: str, unit: Unit | None) -> list[int]:
    """Lines in `unit` (or anywhere) where a function of this name is called and not awaited at once."""
    tree = source.parse(text)
    if tree is None:
        return []
    awaited = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Await)}
    return sorted(
        {
            node.lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and id(node) not in awaited
            and _called_name(node.func) == name
            and (unit is None or unit.kind == "module" or unit.holds(node.lineno))
        }
    )


def _called_name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
