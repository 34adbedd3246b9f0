"""Whether an exception would be caught where code stands: what is expected to fail there is no mistake."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator
from functools import lru_cache

from pytest_llmlearn.domain.tree import Node, Span


def is_caught(exception: str, span: Span, root: Node) -> bool:
    """Whether a `try` around that place, within the function it stands in or not, catches an exception of that name."""
    wanted = _bases(exception)
    return any(names & wanted for names in _around(span, root))


def _around(span: Span, root: Node) -> Iterator[frozenset[str]]:
    """What the handlers of each `try` catch that has the place in its body; without a type it is `BaseException`."""
    node: Node | None = root
    while node is not None:
        inner: Node | None = None
        for role, child in node.children:
            if _holds(child.span, span):
                inner = child
                if role == "body" and node.kind in ("Try", "TryStar"):
                    handlers = (each for its, each in node.children if its == "handlers")
                    yield frozenset(name for each in handlers for name in _caught_by(each))
                break
        node = inner


def _caught_by(handler: Node) -> Iterable[str]:
    kinds = [child for role, child in handler.children if role == "type"]
    if not kinds:
        return ("BaseException",)
    named = [child for _, child in kinds[0].children] if kinds[0].kind == "Tuple" else kinds
    return [each.text for each in named if each.kind in ("Name", "Attribute")]


def _holds(outer: Span, inner: Span) -> bool:
    begins = (outer.line, outer.column) <= (inner.line, inner.column)
    return begins and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)


@lru_cache(maxsize=512)
def _bases(exception: str) -> frozenset[str]:
    """The names under which it is caught: its own, and those of what it is derived from, where that is known."""
    known = getattr(builtins, exception, None)
    if isinstance(known, type) and issubclass(known, BaseException):
        return frozenset(base.__name__ for base in known.__mro__ if base is not object)
    return frozenset({exception, "Exception", "BaseException"})
