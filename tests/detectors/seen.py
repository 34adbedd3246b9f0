"""Failures as detectors see them: real exceptions of the running Python, and surroundings that are told what exists."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from pytest_llmlearn.domain.finding import Finding
from pytest_llmlearn.domain.names import defined, runs_as_coroutine
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.domain.source import unit_at
from pytest_llmlearn.hookspecs import Detector, Evidence, Signature
from tests.builders import an_occurrence

PATH = "app/users.py"


@dataclass(kw_only=True)
class KnownSurroundings:
    """`Surroundings` that knows what the test tells it: files by path, names by module, installed modules."""

    files: Mapping[str, str] = field(default_factory=dict)
    exports: Mapping[str, Collection[str]] = field(default_factory=dict)
    present: Collection[str] = ()
    asked_for: Collection[str] = ()

    def is_stdlib(self, module: str) -> bool:
        return module.partition(".")[0] in ("asyncio", "collections", "json", "math", "os", "random", "re", "time")

    def installed(self, module: str) -> bool | None:
        return module.partition(".")[0] in self.present

    def declared(self, module: str) -> bool:
        return module in self.asked_for

    def own_module(self, module: str, near: str | None = None) -> str | None:
        written = module.replace(".", "/")
        return next((path for path in (f"{written}.py", f"{written}/__init__.py") if path in self.files), None)

    def text(self, path: str) -> str | None:
        return self.files.get(path)

    def names(self, module: str) -> Collection[str] | None:
        return self.exports.get(module)

    def signature(self, module: str, qualname: str) -> Signature | None:
        return None

    def is_coroutine_function(self, name: str, near: str) -> bool | None:
        wanted = name.rpartition(".")[2]
        for text in self.files.values():
            for qualname, node in defined(text).items():
                if qualname.rpartition(".")[2] == wanted:
                    return runs_as_coroutine(node)
        return None

    def modules(self) -> Collection[str]:
        return {"asyncio", "collections", "json", "math", "os", "random", "re", "time", *self.present}


def code(text: str) -> str:
    """The text dedented, without its leading line break."""
    return textwrap.dedent(text).lstrip("\n")


def line_of(text: str, part: str) -> int:
    """The number of the first line that holds `part`."""
    return next(number for number, line in enumerate(text.split("\n"), 1) if part in line)


def raised(text: str) -> BaseException:
    """What running the text raises."""
    try:
        exec(compile(text, PATH, "exec"), {"__name__": "generated"})
    except BaseException as error:
        return error
    raise AssertionError("the text raised nothing")


def failure(error: BaseException | str, exception: str = "", **changes: object) -> Occurrence:
    """The occurrence of an exception, or of a message and the name of its class."""
    if isinstance(error, str):
        changes = {"exception": exception, "mro": (exception, "Exception"), "message": error, **changes}
    else:
        names = tuple(kind.__name__ for kind in type(error).__mro__[:-1])
        changes = {"exception": names[0], "mro": names, "message": str(error), **changes}
    return an_occurrence(**{"path": PATH, "line": None, "function": None, "statement": None, **changes})


def evidence(text: str = "", at: int | None = None, **changes: object) -> Evidence:
    """The culprit's file, its unit around line `at`."""
    values: dict[str, object] = {
        "path": PATH,
        "text": text,
        "unit": unit_at(text, at),
        "surroundings": KnownSurroundings(files={PATH: text}),
        **changes,
    }
    return Evidence(**values)  # type: ignore[arg-type]


def findings(detector: Detector, occurrence: Occurrence, seen: Evidence) -> dict[str, Finding]:
    """What the detector finds, by rule, each with a lesson that fits a line and the detector's own rule."""
    found: Iterable[Finding] = detector.detect(occurrence, seen)
    by_rule = {finding.rule_id: finding for finding in found}
    for finding in by_rule.values():
        assert finding.rule_id in {rule.rule_id for rule in detector.rules}
        assert 0.5 <= finding.confidence <= 0.95
        assert "{" not in finding.lesson
        assert len(finding.lesson) < 260
    return by_rule
