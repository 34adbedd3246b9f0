"""Matchers from what a pattern names: the module, the name, the argument or the coroutine that was got wrong.

What a pattern says is its rule, its symbols and its message. Each gives at most one matcher of the very thing named,
and one of its kind at large, which fires for any other thing of which as much is known. Both fire only where the world
says that the mistake is one (see `domain.matchers`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from pytest_llmlearn.domain.matcher import Kind, Matcher
from pytest_llmlearn.domain.type_wordings import read_attribute_error, read_type_error

NAMED = 0.9
"""Confidence of a matcher of the very thing that was got wrong."""
AT_LARGE = 0.6
"""Confidence of one that was only learned to go wrong at all."""
GUESSED = 0.7
"""Confidence where the text alone speaks, and nothing else can be asked."""


class Learned(Protocol):
    """What is read of a pattern (`domain.pattern.Pattern` is one)."""

    @property
    def fingerprint(self) -> str: ...

    @property
    def rule_id(self) -> str: ...

    @property
    def message(self) -> str: ...

    @property
    def symbols(self) -> Sequence[str]: ...


_Body = dict[str, Any]
_DOTTED = re.compile(r"^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$")
_REAL_NAMES = {"posixpath": "os.path", "ntpath": "os.path"}
"""What a module calls itself where it is imported under another name."""
_NOT_DEFINED = re.compile(r"name '(?P<name>\w+)' is not defined")
_ASYNC_WITH = re.compile(r"object does not support the context manager protocol|__enter__|__exit__|async with")
_SYNC_WITH = re.compile(r"asynchronous context manager protocol|__aenter__|__aexit__")
_GONE = re.compile(
    r"(?P<name>[A-Za-z_][\w.]*)[`'\"]?(?:\(\))? (?:has been|was|is) (?:removed|expired)(?: as of| in| since| from)?"
    r"(?: the)? (?P<library>[A-Za-z][\w-]*?)[- ]?v?(?P<version>\d+(?:\.\d+)*)",
)
"""How libraries say that something of theirs went, and with which version."""


def from_pattern(pattern: Learned) -> list[Matcher]:
    """The matchers of the kinds `api`, `undefined`, `awaiting` and `text`, surest first; none where it names nothing.

    One whose body has `"any": True` is of its kind at large, the same for all patterns of the rule but for the
    fingerprint.
    """
    made: dict[str, Matcher] = {}
    found = _FROM_RULE.get(pattern.rule_id, _nothing)(pattern)
    for kind, body, confidence in (*_gone(pattern), *found):
        matcher = Matcher(
            fingerprint=pattern.fingerprint,
            rule_id=pattern.rule_id,
            kind=kind,
            body=body,
            atoms=_atoms(body),
            origin="pattern",
            confidence=confidence,
        )
        made.setdefault(matcher.key, matcher)
    return sorted(made.values(), key=lambda matcher: -matcher.confidence)


_Made = list[tuple[Kind, _Body, float]]


def _nothing(pattern: Learned) -> _Made:
    return []


def _atoms(body: Mapping[str, Any]) -> frozenset[str]:
    """Identifiers without which it cannot fire, however things are imported; the last part of a dotted name."""
    keys = {"module": ("module",), "keyword": ("keyword",)}.get(body["what"], ("name", "callable"))
    found = (str(body[key]).rpartition(".")[2] for key in keys if key in body)
    return frozenset(name for name in found if name)


def _missing_module(pattern: Learned) -> _Made:
    name = _first(pattern)
    made: _Made = [("api", {"what": "module", "module": name}, NAMED)] if name else []
    return [*made, ("api", {"what": "module", "any": True}, AT_LARGE)]


def _missing_name(pattern: Learned) -> _Made:
    module, _, name = _first(pattern).rpartition(".")
    made: _Made = []
    if module and name:
        made.append(("api", {"what": "name", "module": _REAL_NAMES.get(module, module), "name": name}, NAMED))
    return [*made, ("api", {"what": "name", "any": True}, AT_LARGE)]


def _missing_attribute(pattern: Learned) -> _Made:
    symbol = _first(pattern)
    of, _, name = symbol.rpartition(".")
    if not of or not name:
        return []
    read = read_attribute_error(pattern.message)
    if read is not None and "." in read[0] and read[0].islower() and " object " not in pattern.message:
        return _missing_name(pattern)  # a library's own words for what one of its modules lacks
    return [
        ("api", {"what": "member", "class": of, "name": name}, NAMED),
        ("api", {"what": "member", "any": True}, AT_LARGE),
    ]


def _unexpected_keyword(pattern: Learned) -> _Made:
    made: _Made = []
    called, _, keyword = _first(pattern).rpartition(".")
    wording = read_type_error(pattern.message)
    told = wording.parts.get("argument") if wording is not None else None
    if called and keyword and told in (None, keyword):
        made.append(("api", {"what": "keyword", "callable": called, "keyword": keyword}, NAMED))
    return [*made, ("api", {"what": "keyword", "any": True}, AT_LARGE)]


def _wrong_arity(pattern: Learned) -> _Made:
    called = _first(pattern)
    made: _Made = [("api", {"what": "arity", "callable": called}, NAMED)] if called else []
    return [*made, ("api", {"what": "arity", "any": True}, AT_LARGE)]


def _undefined(pattern: Learned) -> _Made:
    match = _NOT_DEFINED.search(pattern.message)
    made: _Made = [("undefined", {"what": "name", "name": match["name"]}, NAMED)] if match is not None else []
    return [*made, ("undefined", {"what": "name", "any": True}, AT_LARGE)]


def _never_awaited(pattern: Learned) -> _Made:
    name = _first(pattern)
    made: _Made = [("awaiting", {"what": "unawaited", "name": name}, NAMED)] if name else []
    return [*made, ("awaiting", {"what": "unawaited", "any": True}, AT_LARGE)]


def _gather(pattern: Learned) -> _Made:
    return [("awaiting", {"what": "unawaited", "name": "asyncio.gather"}, NAMED)]


def _blocking(pattern: Learned) -> _Made:
    name = _first(pattern)
    return [("awaiting", {"what": "blocking", "name": name}, NAMED)] if name else []


def _loop_running(pattern: Learned) -> _Made:
    name = _first(pattern)
    name = "asyncio.run" if name in ("", "Runner.run") else name
    return [("awaiting", {"what": "blocking", "name": name}, NAMED)]


def _not_awaitable(pattern: Learned) -> _Made:
    name = _first(pattern)
    plain = not name.startswith("__")
    return [("awaiting", {"what": "plain", "name": name}, NAMED)] if name and plain else []


def _context(pattern: Learned) -> _Made:
    name = _first(pattern)
    wanted = "with" if _SYNC_WITH.search(pattern.message) else "async with"
    known = bool(name) and bool(_ASYNC_WITH.search(pattern.message) or _SYNC_WITH.search(pattern.message))
    made: _Made = []
    if known:
        made.append(("awaiting", {"what": "entered", "name": name, "wanted": wanted}, NAMED))
    return [*made, ("awaiting", {"what": "entered", "wanted": wanted, "any": True}, AT_LARGE)]


def _none(pattern: Learned) -> _Made:
    """A library's call whose result was None where an attribute or an item of it was asked for."""
    calls = [symbol for symbol in pattern.symbols if "." in symbol and _DOTTED.match(symbol)]
    return [("api", {"what": "none", "callable": calls[0]}, GUESSED)] if calls else []


def _prose(pattern: Learned) -> _Made:
    return [("text", {"what": "prose"}, NAMED)]


def _cut_off(pattern: Learned) -> _Made:
    return [("text", {"what": "cut"}, NAMED)]


def _gone(pattern: Learned) -> _Made:
    """What the library itself says went, and with which version of it."""
    match = _GONE.search(pattern.message[:400])
    if match is None:
        return []
    last = match["name"].rpartition(".")[2]
    for symbol in (*pattern.symbols, match["name"]):
        if symbol.rpartition(".")[2] == last and "." in symbol and _DOTTED.match(symbol):
            body = {"what": "gone", "name": symbol, "library": match["library"], "version": match["version"]}
            return [("api", body, NAMED)]
    return []


def _first(pattern: Learned) -> str:
    """The first symbol, where it reads as a dotted name."""
    symbol = pattern.symbols[0] if pattern.symbols else ""
    return symbol if _DOTTED.match(symbol) else ""


_FROM_RULE: Mapping[str, Callable[[Learned], _Made]] = {
    "import.missing-module": _missing_module,
    "import.missing-name": _missing_name,
    "import.module-attribute-missing": _missing_name,
    "import.undefined-name": _undefined,
    "runtime.undefined-name": _undefined,
    "type.missing-attribute": _missing_attribute,
    "type.unexpected-keyword": _unexpected_keyword,
    "type.wrong-arity": _wrong_arity,
    "type.none-value": _none,
    "runtime.attribute-none": _none,
    "async.never-awaited": _never_awaited,
    "async.gather-not-awaited": _gather,
    "async.blocking-call": _blocking,
    "async.loop-already-running": _loop_running,
    "async.not-awaitable": _not_awaitable,
    "async.sync-context-manager-on-async": _context,
    "syntax.prose-or-fence-in-code": _prose,
    "syntax.unterminated": _cut_off,
}
