"""The texts by which a pattern is found by meaning: each side of it apart, for a question is near to one of them.

Made anew from typed fields whenever they are wanted; only their vectors are kept. Invariant: equal fields give equal
texts, and a text that says nothing, or what an earlier one says already, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from textwrap import dedent
from typing import Literal, Protocol

from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.lesson import Rewording

Kind = Literal["mistake", "context", "code"]

VERSION = 1
"""Of what the texts are made of and how: where it grows, they are all made anew."""
LIMIT = 1_000
"""Characters of one text: small models read some 256 tokens, and no more tells one mistake from another."""
ASKED_LIMIT = 2_000
"""Characters of a request: where a model reads more than 256 tokens, it is the request that is long."""
MESSAGE_LIMIT = 300
CONTEXTS = 8
"""Contexts of many: the most frequent ones."""
SYMBOLS = 8


class Told(Protocol):
    """What the texts are made of: a `Pattern`, or as much of one."""

    @property
    def rule_id(self) -> str: ...
    @property
    def exception(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def lesson(self) -> str: ...
    @property
    def symbols(self) -> tuple[str, ...]: ...
    @property
    def path(self) -> str | None: ...
    @property
    def unit(self) -> str: ...
    @property
    def bad(self) -> str: ...


def facets(told: Told, *, contexts: Sequence[str] = (), reworded: Rewording | None = None) -> dict[Kind, str]:
    """What goes wrong, where, and in what code. `contexts` are most frequent first; `reworded` is a person's words."""
    found: dict[Kind, str] = {}
    said: set[str] = set()
    texts: tuple[tuple[Kind, str], ...] = (
        ("mistake", _mistake(told, reworded)),
        ("context", _context(told, contexts, reworded)),
        ("code", _code(reworded.bad if reworded is not None and reworded.bad else told.bad)),
    )
    for kind, text in texts:
        normal = _normal(text)
        if normal and normal not in said:
            said.add(normal)
            found[kind] = text
    return found


def repaired(fix: Fix) -> str:
    """What a fix changed, and the code before and after."""
    difference = f"{fix.difference}\n" if fix.difference else ""
    room = max(0, LIMIT - len(difference)) // 2
    return _cut(f"{difference}{_dedented(fix.bad)[: room - 5]}\nnow:\n{_dedented(fix.good)[: room - 5]}")


def asked(text: str) -> str:
    """As much of a request as its vector is made of."""
    return text.strip()[:ASKED_LIMIT].rstrip()


def digest(text: str) -> bytes:
    """Eight bytes that change with the text."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _mistake(told: Told, reworded: Rewording | None) -> str:
    own = [part for part in (reworded.because, reworded.instead) if part] if reworded is not None else []
    lines = [line.strip() for line in told.message[: 2 * MESSAGE_LIMIT].splitlines()]
    message = next((line for line in lines if line), "")[:MESSAGE_LIMIT]
    raised = ": ".join(part for part in (told.exception, message) if part)
    parts = (_plain(told.rule_id), *(own or [told.lesson]), raised, ", ".join(told.symbols[:SYMBOLS]))
    return _cut(". ".join(part.strip().rstrip(".") for part in parts if part.strip()))


def _context(told: Told, contexts: Sequence[str], reworded: Rewording | None) -> str:
    # In the order of the alphabet: two contexts that were seen equally often must not change places with every run.
    tags = ", ".join(sorted(dict.fromkeys(contexts[:CONTEXTS])))
    when = reworded.when if reworded is not None else None
    # A unit is told as `app.users:load_user`; its module is the path, which says more.
    unit = _plain(told.unit.rpartition(":")[2])
    path = _plain(re.sub(r"\.pyi?$", "", told.path or ""))
    return _cut(". ".join(part for part in (when, tags, unit, path) if part))


def _code(text: str) -> str:
    return _cut(_dedented(text))


def _dedented(text: str) -> str:
    return dedent(text.expandtabs(4)).strip("\n").rstrip()


_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_WORD = re.compile(r"[^\W_]+")


def _plain(name: str) -> str:
    """A name as words: `async.never-awaited`, `LoadUser` and `load_user` as one would say them."""
    return " ".join(part.lower() for part in _PART.findall(name[:LIMIT]))


def _normal(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))


def _cut(text: str) -> str:
    return text if len(text) <= LIMIT else text[:LIMIT].rstrip()
