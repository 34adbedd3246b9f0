"""detect-secrets' detectors as a second scanner beside our own table.

The detector classes are asked directly, one by one, and never through its scanning functions: those read global
settings, let a `# pragma: allowlist secret` or a filter's guess hide what a detector found, and ask vendors over the
network whether a key is live. Nothing here reads or sets a setting, opens a file or a connection.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from typing import Any

from pytest_llmlearn.domain.randomness import long_words, looks_random
from pytest_llmlearn.errors import MissingExtra

__all__ = ["DetectSecretsScanner"]

_NOT_ASKED = frozenset({"PrivateKeyDetector", "IPPublicDetector"})
"""They find the first line of a key, which is no secret, and addresses: `domain.redaction` hides both, and the whole
key with its first line."""

_LEAST_HEX = 16
"""Quoted hexadecimal passes detect-secrets' own limit of 3.0 bits at 9 digits (`"0a1b2c3d4"`); under 64 bits none is
a key, and colours, addresses and test data are."""

_LEAST_LENGTH = 4
"""A shorter literal, replaced wherever it stands, would hide much that is no secret."""

_WINDOW, _OVERLAP = 1_000, 200
"""Lines are read in pieces: some detectors take quadratic time on a long one, and no token is longer than an overlap
but those whose beginning is enough to tell."""

_HINT = re.compile(r"(?i:pass|pwd|pw|key|secret|token|contrase)|://")
_EDGES = " \t\r\n\"'`=:;,()[]{}"
_VALUE = re.compile(r"[^\s\"'`]+")

_Detector = Callable[[str], Iterator[str]]


class DetectSecretsScanner:
    """Finds literal secrets with every detector that the installed detect-secrets brings."""

    __slots__ = ("_detectors",)

    def __init__(self) -> None:
        """Load the detectors; `MissingExtra` where detect-secrets is not installed."""
        try:
            plugins = importlib.import_module("detect_secrets.plugins")
        except ModuleNotFoundError as error:
            raise MissingExtra("secrets", "a second scanner for secrets") from error
        self._detectors = tuple(_detectors(plugins.__path__))

    def find(self, text: str) -> list[str]:
        """The secrets in a text, literally as they stand there, each once, in the order of their length.

        High entropy counts from the detectors' own limits (4.5 bits a character in base64, 3.0 in hexadecimal) on,
        and in base64 only where the token looks drawn to our own eyes too: in code, most quoted words that pass the
        limit are paths and long names.
        """
        found: set[str] = set()
        for line in text.splitlines():
            if _HINT.search(line) is None and not long_words(line):
                continue  # no detector's expression has a match here, and most lines are such
            for piece in _pieces(line):
                for detector in self._detectors:
                    found.update(detector(piece))
        kept = {value for value in (secret.strip(_EDGES) for secret in found) if len(value) >= _LEAST_LENGTH}
        return sorted((value for value in kept if set(value) != {"*"}), key=lambda value: (-len(value), value))


def _pieces(line: str) -> Iterator[str]:
    """The line, or its overlapping windows."""
    yield line[:_WINDOW]
    for start in range(_WINDOW - _OVERLAP, len(line) - _OVERLAP, _WINDOW - _OVERLAP):
        yield line[start : start + _WINDOW]


def _detectors(path: Any) -> Iterator[_Detector]:
    """One function for each concrete detector class of the package's modules."""
    base = importlib.import_module("detect_secrets.plugins.base")
    for module_name in sorted(module.name for module in pkgutil.iter_modules(path)):
        module = importlib.import_module(f"detect_secrets.plugins.{module_name}")
        for name, kind in sorted(inspect.getmembers(module, inspect.isclass)):
            if kind.__module__ != module.__name__ or inspect.isabstract(kind) or name in _NOT_ASKED:
                continue
            if issubclass(kind, base.BasePlugin):
                yield _asking(kind(), base)


def _asking(plugin: Any, base: Any) -> _Detector:
    if hasattr(plugin, "entropy_limit"):
        return lambda line: _of_high_entropy(plugin, line)
    if isinstance(plugin, base.RegexBasedDetector) and type(plugin).analyze_string is (
        base.RegexBasedDetector.analyze_string
    ):
        return lambda line: _of_expressions(plugin.denylist, line)
    if type(plugin).__name__ == "KeywordDetector":
        return lambda line: _of_keywords(plugin, line)
    return lambda line: iter(plugin.analyze_string(line))


def _of_high_entropy(plugin: Any, line: str) -> Iterator[str]:
    for value in plugin.analyze_string(line):
        if plugin.calculate_shannon_entropy(value) <= plugin.entropy_limit:
            continue
        hexadecimal = "g" not in plugin.charset
        if len(value) >= _LEAST_HEX and not value.isdigit() if hexadecimal else looks_random(value):
            yield value


def _of_expressions(expressions: Any, line: str) -> Iterator[str]:
    """What the expressions match: the longest group, or all where the groups are only parts of a prefix.

    The detectors themselves give the groups alone, which for GitHub's tokens is `ghp` without the token.
    """
    for expression in expressions:
        for match in expression.finditer(line):
            groups = [group for group in match.groups() if group]
            longest = max(groups, key=len, default="")
            secret = longest if 2 * len(longest) >= len(match.group()) or "@" in match.group() else match.group()
            # npm's expression runs to the end of the line.
            value = _VALUE.search(secret.strip(_EDGES))
            if value is not None:
                yield value.group()


def _of_keywords(plugin: Any, line: str) -> Iterator[str]:
    """All values under secrets' names: the detector gives the first of a line, so it is asked again without it."""
    for _ in range(8):
        values = [value for value in plugin.analyze_string(line) if value.strip(_EDGES)]
        yield from values
        shorter = line
        for value in values:
            shorter = shorter.replace(value, "")
        if shorter == line:
            return
        line = shorter
