"""A verified fix applied to other code: where its bad side stands, what differs is put right.

Edits are of the syntax tree's own pieces, so what stands around them keeps its layout and its comments. Invariant: an
edit is told only where the result parses, no name in it is new and bound nowhere, and the mistake is gone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pytest_llmlearn.domain import importing
from pytest_llmlearn.domain.edits import Edit, applied
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.fragment import stretches
from pytest_llmlearn.domain.placing import Place
from pytest_llmlearn.domain.scope import Scopes
from pytest_llmlearn.domain.source import parse
from pytest_llmlearn.domain.sufficing import is_inert, is_whole
from pytest_llmlearn.domain.tree import Span

__all__ = ["Edit", "Mend", "applied", "mend"]

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_WORD = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    """The edits of one fix, by place and not overlapping; all of them or none. `title` says what they do.

    `fingerprint` is the pattern's, `digest` the fix's.
    """

    edits: tuple[Edit, ...]
    title: str
    fingerprint: str
    digest: str


def mend(
    text: str, fixes: Sequence[Fix], span: Span, *, gone: Callable[[str], bool] = lambda text: True
) -> Mend | None:
    """What repairs the mistake seen at `span`, by the fix that was verified most often of those that apply.

    `gone` says of a text whether the mistake is seen there no more. None where no fix applies surely.
    """
    for fix in sorted(fixes, key=_worth, reverse=True):
        if fix.conflicting or not fix.verified:
            continue
        for made in _ways(text, fix, span):
            edits = made if "\r" not in text else [replace(each, text=each.text.replace("\n", "\r\n")) for each in made]
            result = applied(text, edits)
            if result != text and _sound(text, result) and gone(result):
                return Mend(edits=tuple(edits), title=_title(fix), fingerprint=fix.fingerprint, digest=fix.digest)
    return None


def _worth(fix: Fix) -> tuple[int, datetime, str]:
    return fix.verified, fix.last_seen or _EARLIEST, fix.digest


def _title(fix: Fix) -> str:
    return f"Apply the verified fix: {fix.difference}" if fix.difference else "Apply the verified fix"


def _sound(text: str, result: str) -> bool:
    """Whether the result parses, and reads no name that is bound nowhere and was not read so before."""
    after = parse(result)
    if after is None:
        return False
    before = parse(text)
    scopes = Scopes(after)
    return before is None or scopes.stars or scopes.unbound() <= Scopes(before).unbound()


def _ways(text: str, fix: Fix, span: Span) -> Iterator[list[Edit]]:
    """The edits of one fix, the surest way to apply it first."""
    tree = parse(text)
    if tree is None or "\f" in text or text.count("\r") != text.count("\r\n"):
        return  # where lines end is not told as editors tell it
    if fix.bad == fix.good:
        yield list(_missing(tree, fix, importing.read_at(tree, span) & Scopes(tree).unbound_names()))
        return
    parts = stretches(fix.bad, fix.good)
    if parts is None or not is_whole(fix, parts) or is_inert(parts):
        return
    place = Place(text, tree, span, fix)
    for edits in (*place.whole(parts), *place.core(parts), *place.pieces(parts), *place.anew(parts)):
        read = frozenset(word for edit in edits for word in _WORD.findall(edit.text))
        yield [*_missing(tree, fix, read), *edits]


def _missing(tree: ast.Module, fix: Fix, read: frozenset[str]) -> Iterator[Edit]:
    """The imports of a fix that the file has not and whose names are `read`, below those that it has."""
    wanted = importing.missing(tree, fix.imports, read)
    if wanted:
        line = importing.line_for(tree)
        yield Edit(span=Span(line, 0, line, 0), text="".join(f"{statement}\n" for statement in wanted))
