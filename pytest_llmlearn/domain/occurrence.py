"""One failure, once.

An occurrence is made of builtins only, bounded in size, and never holds the value of a variable. Until
attribution it tells what was seen; afterwards `path`, `line`, `function` and `statement` name the culprit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from pytest_llmlearn.domain.cleaning import clean, flat
from pytest_llmlearn.errors import BadOccurrence

Source = Literal[
    "test", "collection", "warning", "thread", "unraisable", "log", "crash", "handed-in", "security_scan", "static"
]
Relation = Literal["cause", "context", "member"]

PHASES = ("collect", "setup", "call", "teardown")

SCANS: frozenset[Source] = frozenset({"security_scan", "static"})
"""Sources that are no test: a rule found it in the text, and `static` are those that are of no security. Their id names
the place and the rule (see `domain.flaw`)."""

MESSAGE_LIMIT = 3_000
"""Characters kept of the failure's own message."""
LINKED_MESSAGE_LIMIT = 600
"""Characters kept of the message of a cause, a context, a group's member or a notice."""
STATEMENT_LIMIT = 300
NODEID_LIMIT = 500
FRAME_LIMIT = 24
"""Frames kept of one traceback: the innermost ones, and the outermost `OUTER_FRAMES`."""
OUTER_FRAMES = 4
LINK_LIMIT = 4
NOTICE_LIMIT = 8
BINDING_LIMIT = 24
NAME_LIMIT = 300
"""Characters kept of a handed-in name: an exception, a function, a model, a task."""
PATH_LIMIT = 400
PROMPT_LIMIT = 6_000
MRO_LIMIT = 32
LATEST = 253_402_300_799
"""Seconds from the epoch to the end of the year 9999, the last that a date can name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One level of a traceback.

    `path` is relative to the project's root with `/` where the file is the project's own; otherwise as Python
    gave it: absolute, or `<string>` and the like. `line` counts from 1. `function` is the qualified name.
    `statement` is the text of that line, stripped.
    """

    path: str
    line: int
    function: str
    statement: str = ""

    @property
    def inside(self) -> bool:
        """Whether the file lies in the project: a relative path."""
        return is_inside(self.path)


def is_inside(path: str) -> bool:
    """Whether `path` is one of the project's own: relative, and no pseudo-file such as `<string>`."""
    return bool(path) and path[0] not in "/\\<~" and path[1:3] not in (":\\", ":/") and not path.startswith("../")


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """An exception tied to the one that failed the test: its cause, its context, or a member of its group."""

    relation: Relation
    exception: str
    mro: tuple[str, ...]
    message: str
    frames: tuple[Frame, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A warning or a log record of the same test, or where an un-awaited coroutine was made.

    `kind` is `warning`, `log` or `coroutine`; `category` the warning's class, the logger's name or the
    coroutine's qualified name; `path` and `line` the place, where one is known.
    """

    kind: str
    category: str
    message: str
    path: str | None = None
    line: int | None = None
    function: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What a name of the test's function stood for when the test failed, looked up without calling anything.

    `name` is as written there (`calc`, `self.calc`, `module.Calc`); `path` and `line` where the class, the
    function or the module is defined; `qualname` its qualified name (of the class, for an instance; empty for a
    module); `kind` is `class`, `function`, `instance` or `module`.
    """

    name: str
    path: str
    line: int
    qualname: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """A failure as it was seen, and, once attributed, the culprit it is laid on.

    `nodeid`: the test's (or, at collection, the file's) id. `when`: `collect`, `setup`, `call`, `teardown`.
    `exception`: the class's dotted name without `builtins.`; `mro`: the same for its bases, itself first.
    `message`: `str()` of the exception. `facts`: what the exception object itself says beside its message
    (`name`, `of`, `of_kind`, `near`, `parameters`). `test_path`, `test_line`, `test_function`: the test, where one
    is known. `code`: text of the culprit's file, where it was handed in. `time`: seconds since the epoch, UTC.
    """

    nodeid: str
    when: str
    exception: str
    mro: tuple[str, ...]
    message: str
    path: str | None = None
    line: int | None = None
    function: str | None = None
    statement: str | None = None
    frames: tuple[Frame, ...] = ()
    linked: tuple[Linked, ...] = ()
    notices: tuple[Notice, ...] = ()
    bindings: tuple[Binding, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    source: Source = "test"
    test_path: str | None = None
    test_line: int | None = None
    test_function: str | None = None
    flaky: bool = False
    code: str | None = None
    model: str | None = None
    prompt: str | None = None
    task: str | None = None
    time: float | None = None

    @property
    def short_exception(self) -> str:
        """The exception's class name without its package."""
        return self.exception.rpartition(".")[2]

    def is_a(self, *names: str) -> bool:
        """Whether the exception is one of these classes or derives from one; dotted or bare names."""
        return any(base in names or base.rpartition(".")[2] in names for base in (self.exception, *self.mro))

    def replace(self, **changes: Any) -> Occurrence:
        """A copy with these fields changed."""
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Builtins only, fit for JSON and for a report that crosses processes; empty fields are left out."""
        return {key: value for key, value in dataclasses.asdict(self).items() if value not in (None, (), {}, False)}

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> Occurrence:
        """The inverse of `to_dict`, for what this package wrote itself. Lists stand for tuples."""
        known = dict(values)
        known["mro"] = tuple(known.get("mro", ()))
        known["frames"] = _frames(known.get("frames", ()))
        known["linked"] = tuple(
            Linked(**{**link, "mro": tuple(link["mro"]), "frames": _frames(link.get("frames", ()))})
            for link in known.get("linked", ())
        )
        known["notices"] = tuple(Notice(**notice) for notice in known.get("notices", ()))
        known["bindings"] = tuple(Binding(**binding) for binding in known.get("bindings", ()))
        return cls(**known)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Occurrence:
        """A failure handed in from outside, already laid on its culprit.

        Keys: `nodeid, when, exception, mro, message, path, line, function, statement`, all required, the last
        four may be None; optionally `frames` (a list of `{path, line, function, statement}`, outermost first),
        `code` (text of the file at `path`), `model`, `prompt`, `task`, `time` (seconds since the epoch).

        Texts but `code` are cut to their limits, and what a terminal would obey in them is replaced; a line below 1 is
        none.

        Raises:
            BadOccurrence: an unknown or missing key, or a value of the wrong type; names it.
        """
        if not isinstance(values, Mapping):
            raise BadOccurrence(f"an occurrence is a mapping, not {type(values).__name__}")
        problems = list(_problems(values))
        if problems:
            raise BadOccurrence(f"not an occurrence: {'; '.join(problems)}")
        known = dict(values)
        known["mro"] = tuple(flat(name, NAME_LIMIT) for name in (known["mro"] or (known["exception"],))[:MRO_LIMIT])
        known["frames"] = tuple(_fit_frame(frame) for frame in (known.get("frames") or ())[-FRAME_LIMIT:])
        for key, limit in _ONE_LINE.items():
            if known.get(key) is not None:
                known[key] = flat(known[key], limit)
        for key, limit in _MANY_LINES.items():
            if known.get(key) is not None:
                known[key] = clean(known[key][:limit])
        if known["path"] is not None:
            known["path"] = known["path"].replace("\\", "/").removeprefix("./")
        if known["line"] is not None and known["line"] < 1:
            known["line"] = None
        return cls(**known, source="handed-in")


_REQUIRED: Mapping[str, tuple[type, ...]] = {
    "nodeid": (str,),
    "when": (str,),
    "exception": (str,),
    "mro": (list, tuple),
    "message": (str,),
    "path": (str, type(None)),
    "line": (int, type(None)),
    "function": (str, type(None)),
    "statement": (str, type(None)),
}
_OPTIONAL: Mapping[str, tuple[type, ...]] = {
    "frames": (list, tuple, type(None)),
    "code": (str, type(None)),
    "model": (str, type(None)),
    "prompt": (str, type(None)),
    "task": (str, type(None)),
    "time": (int, float, type(None)),
}
_FRAME_KEYS: Mapping[str, type] = {"path": str, "line": int, "function": str, "statement": str}
_ONE_LINE: Mapping[str, int] = {
    "nodeid": NODEID_LIMIT,
    "exception": NAME_LIMIT,
    "path": PATH_LIMIT,
    "function": NAME_LIMIT,
    "model": NAME_LIMIT,
    "task": NAME_LIMIT,
}
_MANY_LINES: Mapping[str, int] = {
    "message": MESSAGE_LIMIT,
    "statement": STATEMENT_LIMIT,
    "prompt": PROMPT_LIMIT,
}


def _problems(values: Mapping[str, Any]) -> Sequence[str]:
    kinds = {**_REQUIRED, **_OPTIONAL}
    found = [f"unknown key {key!r}" for key in values if key not in kinds]
    found += [f"missing key {key!r}" for key in _REQUIRED if key not in values]
    for key, allowed in kinds.items():
        if key in values and (not isinstance(values[key], allowed) or isinstance(values[key], bool)):
            wanted = " or ".join("None" if kind is type(None) else kind.__name__ for kind in allowed)
            found.append(f"{key!r} must be {wanted}, not {type(values[key]).__name__}")
    if not found:
        if values["when"] not in PHASES:
            found.append(f"'when' must be one of {', '.join(PHASES)}, not {values['when']!r}")
        if not all(isinstance(name, str) for name in values["mro"]):
            found.append("'mro' must hold the names of classes")
        if not all(_is_frame(frame) for frame in values.get("frames") or ()):
            found.append("each of 'frames' must have path, line, function and optionally statement, of the right types")
        time = values.get("time")
        if time is not None and not 0 <= time <= LATEST:  # which a NaN is not either
            found.append(f"'time' must be seconds since the epoch, not {time!r}")
    return found


def _is_frame(frame: object) -> bool:
    return (
        isinstance(frame, Mapping)
        and {"path", "line", "function"} <= set(frame) <= set(_FRAME_KEYS)
        and all(isinstance(value, _FRAME_KEYS[key]) and not isinstance(value, bool) for key, value in frame.items())
    )


def _fit_frame(frame: Mapping[str, Any]) -> Frame:
    return Frame(
        path=flat(frame["path"], PATH_LIMIT),
        line=frame["line"],
        function=flat(frame["function"], NAME_LIMIT),
        statement=flat(frame.get("statement", ""), STATEMENT_LIMIT),
    )


def _frames(values: Sequence[Mapping[str, Any]]) -> tuple[Frame, ...]:
    return tuple(Frame(**frame) for frame in values)


SOURCES: tuple[str, ...] = get_args(Source)
