"""What can go wrong, each with its data and the way out.

LlmlearnError
├── SettingError
│   ├── UnknownSetting      a key that no setting has
│   └── BadSetting          a value of the wrong type or out of range
├── MissingExtra            a face whose packages are not installed
├── BadOccurrence           a failure handed in with unknown, missing or ill-typed keys
├── BadPattern              a pattern of code that cannot be read
├── BadInput                a file handed in that cannot be read as what it should be
├── BadGeneration           an event of a generation with unknown, missing or ill-typed keys
├── UnknownGeneration       an id that names no generation, or several
├── UnknownPattern          a fingerprint that names no pattern, or several
├── UnknownRun              an id that names no run of which anything was recorded
├── CannotMerge             two patterns that are one already, or can never be
├── CannotHeal              two commits between which a test does not turn from red to green
├── EmbedderUnavailable     no weights, wrong weights, or an endpoint that does not answer
├── IndexUnavailable        an index of vectors that cannot be opened, or is another process's
├── ScannerUnavailable      Semgrep is missing, too old, hangs, or crashes
└── StoreError
    ├── StoreTooNew         written by a newer version; left alone
    ├── StoreUnavailable    locked, full, or not writable
    └── StoreDamaged        not a database, and could not be moved aside
"""

from __future__ import annotations

from collections.abc import Iterable


class LlmlearnError(Exception):
    """The root of all errors that this package raises; `str()` of any is one sentence for people."""


class SettingError(LlmlearnError):
    """A setting that cannot be used."""


class UnknownSetting(SettingError):
    """A key that no setting has."""

    def __init__(self, key: str, where: str, nearest: str | None, known: Iterable[str]) -> None:
        way_out = f"did you mean {nearest!r}?" if nearest else f"known: {', '.join(sorted(known))}"
        super().__init__(f"{where} has no setting {key!r}; {way_out}")
        self.key = key
        self.nearest = nearest


class BadSetting(SettingError):
    """A value of the wrong type or out of range."""

    def __init__(self, key: str, where: str, value: object, expected: str) -> None:
        super().__init__(f"{where}: {key} must be {expected}, not {value!r}")
        self.key = key
        self.value = value


class MissingExtra(LlmlearnError):
    """A face whose packages are not installed."""

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs more packages: pip install 'pytest-llmlearn[{extra}]'")
        self.extra = extra


class BadOccurrence(LlmlearnError):
    """A failure handed in with unknown, missing or ill-typed keys."""


class BadInput(LlmlearnError):
    """A file handed in that cannot be read as what it should be."""


class BadPattern(LlmlearnError):
    """A pattern of code that cannot be read, or that matches everything."""

    def __init__(self, pattern: str, reason: str) -> None:
        super().__init__(f"the pattern {pattern!r} cannot be used: {reason}")
        self.pattern = pattern
        self.reason = reason


class BadPath(BadInput):
    """A path that leads outside the project, or to nothing."""


class BadGeneration(LlmlearnError):
    """An event of a generation with unknown, missing or ill-typed keys; `key` is the first that is wrong."""

    def __init__(self, message: str, key: str) -> None:
        super().__init__(message)
        self.key = key


class UnknownGeneration(LlmlearnError):
    """An id that names no generation, or the beginning of several."""

    def __init__(self, identifier: str, candidates: Iterable[str] = ()) -> None:
        several = list(candidates)
        if several:
            message = f"{identifier!r} is the beginning of {len(several)} generations: {', '.join(several[:5])}"
        else:
            message = f"no generation has the id {identifier!r}; `llmlearn generations` lists them"
        super().__init__(message)
        self.identifier = identifier


class UnknownRun(LlmlearnError):
    """An id that names no run of which anything was recorded, or the beginning of several."""

    def __init__(self, run: str) -> None:
        if run == "last":
            message = "nothing was recorded of any run yet"
        else:
            message = f"no single run is named {run!r}; `llmlearn occurrences --format json` tells those that recorded"
        super().__init__(message)
        self.run = run


class UnknownPattern(LlmlearnError):
    """A fingerprint that names no pattern, or the beginning of several."""

    def __init__(self, fingerprint: str, candidates: Iterable[str] = ()) -> None:
        several = list(candidates)
        if several:
            message = f"{fingerprint!r} is the beginning of {len(several)} patterns: {', '.join(several[:5])}"
        else:
            message = f"no pattern has the fingerprint {fingerprint!r}; `llmlearn patterns` lists them"
        super().__init__(message)
        self.fingerprint = fingerprint


class CannotHeal(LlmlearnError):
    """Two commits between which a test does not turn from red to green, or cannot be run; says why."""


class CannotMerge(LlmlearnError):
    """Two patterns that are one already, or can never be."""

    def __init__(self, one: str, other: str, reason: str) -> None:
        super().__init__(f"{one!r} and {other!r} cannot be merged: {reason}")
        self.reason = reason


class StoreError(LlmlearnError):
    """The store cannot be used as asked."""


class StoreTooNew(StoreError):
    """The database was written by a newer version of this package, and is left alone."""

    def __init__(self, path: str, found: str, known: str) -> None:
        super().__init__(
            f"{path} was written by a newer pytest-llmlearn (schema {found}, this one knows {known}): "
            "upgrade it to go on"
        )
        self.path = path
        self.found = found


class StoreUnavailable(StoreError):
    """The database is locked, its disk is full, or it may not be written."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} cannot be used now: {reason}")
        self.path = path
        self.reason = reason


class StoreDamaged(StoreError):
    """The file is not a database, and could not be moved aside."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} is damaged and could not be moved aside: {reason}")
        self.path = path


class EmbedderUnavailable(LlmlearnError):
    """No vectors can be made: no weights, wrong weights, or an endpoint that does not answer."""


class IndexUnavailable(LlmlearnError):
    """An index of vectors that cannot be opened, or that another process has now (`owned`): that one keeps it well."""

    def __init__(self, message: str, *, owned: bool = False) -> None:
        super().__init__(message)
        self.owned = owned


class ScannerUnavailable(LlmlearnError):
    """Semgrep is missing, too old, hangs, or crashes. `missing` says that there is none at all."""

    def __init__(self, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing
