"""Watching what is written: where learned mistakes stand in a text.

What was seen in a piece is remembered as long as the piece, what its names stand for, and the matchers stay the same;
so a keystroke costs the piece it is in. Invariant: an answer never depends on what was looked at before.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple

from pytest_llmlearn.app.ports.matchers import Matchers
from pytest_llmlearn.app.ports.parser import Parser
from pytest_llmlearn.domain import syntax
from pytest_llmlearn.domain.matcher import Kind, Matcher, Sighting
from pytest_llmlearn.domain.matchers.index import MatcherIndex
from pytest_llmlearn.domain.matchers.pieces import GAP, Names, Piece, constants_of, read_in, together, words_of
from pytest_llmlearn.domain.matchers.view import Recogniser, View, World
from pytest_llmlearn.domain.tree import Node, Span

log = logging.getLogger(__name__)
DOCUMENTS = 64
CHARACTERS = 1_500_000
"""Of how many files, and of how much text together, what was seen is remembered; beyond, those not looked at for
longest are forgotten. A character takes some sixty bytes."""
LARGEST = 2_000_000
"""Characters of a text that is looked at."""
_TERMS = 16
_BY_IMPORTS: frozenset[Kind] = frozenset({"shape", "text"})
"""Kinds that never ask what else than imports binds a name: a new variable is no reason to look again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was seen in one text: sightings by line, surest first; `abandoned` says that a newer text came before all
    was looked at, and nothing is told. `gaps` could not be read."""

    path: str
    sightings: tuple[Sighting, ...] = ()
    gaps: tuple[Span, ...] = ()
    abandoned: bool = False

    def __iter__(self) -> Iterator[Sighting]:
        return iter(self.sightings)


def never() -> bool:
    return False


class _Outdated(Exception):
    """There is a newer text."""


class _Seen:
    """A piece of a document with what it tells of names, and what was seen in it.

    `results` are by terms: the file's names when they were last compared, what of them concerns the piece, and the
    sightings, with lines counted from the piece's first.
    """

    __slots__ = ("atoms", "names", "piece", "results", "words")

    def __init__(self, piece: Piece) -> None:
        self.piece = piece
        self.words = words_of(piece.text)
        self.names = read_in(piece)
        self.atoms = self.words.union(*map(constants_of, piece.body))
        self.results: dict[_Terms, tuple[Names, Names, tuple[Sighting, ...]]] = {}


class _Terms(NamedTuple):
    """What a look at a piece depends on beside names: the matchers' revision, what was asked, and whether by matchers
    that look at what names stand for."""

    revision: int
    candidates: bool
    settled: bool
    last: bool
    by_names: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """What is remembered of one path: its pieces by their text, and the names of the whole; `imports` are its imports
    alone. While names stand for the same, they are the same objects."""

    seen: Mapping[str, _Seen]
    names: Names
    imports: Names
    size: int


class Watch:
    """Looks at texts. Any thread may; two that look at one path at a time cost twice, no more."""

    def __init__(
        self,
        matchers: Matchers,
        parser: Parser,
        recognisers: Iterable[Recogniser],
        world: World | None = None,
        *,
        documents: int = DOCUMENTS,
        characters: int = CHARACTERS,
    ) -> None:
        self._matchers = matchers
        self._parser = parser
        self._recognisers: dict[Kind, Recogniser] = {recogniser.kind: recogniser for recogniser in recognisers}
        self._world = world
        self._most = (documents, characters)
        self._lock = Lock()
        self._known: OrderedDict[str, _Document] = OrderedDict()
        self._indexes: dict[bool, tuple[int, tuple[MatcherIndex, MatcherIndex]]] = {}
        self._failed: set[str] = set()

    def look(
        self,
        path: str,
        text: str,
        *,
        candidates: bool = False,
        settled: bool = False,
        stop: Callable[[], bool] = never,
    ) -> Looked:
        """Where learned mistakes stand in the text of `path`; at most one sighting of a pattern in a line.

        With `candidates` patterns not yet confirmed count too; `settled` as in `View`. `stop` is asked between the
        pieces: once it is true the rest is not looked at.

        Raises:
            StoreError: the matchers cannot be read.
        """
        if len(text) > LARGEST:
            return Looked(path=path, gaps=self._parser.parse(text).gaps)
        revision, indexes = self._index(candidates)
        before = self._known.get(path)
        kept = before.seen if before is not None else {}

        def known(part: str) -> Piece | None:
            seen = kept.get(part)
            if seen is not None:
                return seen.piece
            if stop():
                raise _Outdated
            return None

        try:
            pieces = self._parser.pieces(text, known)
            document = self._document(pieces, before, len(text))
            moved = _moved(before.names, document.names) if before is not None else frozenset()
            found: list[Sighting] = []
            gaps: list[Span] = []
            above = 0
            for number, piece in enumerate(pieces, 1):
                seen = document.seen[piece.text]
                last = number == len(pieces)
                for by_names, index in enumerate(indexes):
                    terms = _Terms(revision, candidates, settled, last, bool(by_names))
                    result = seen.results.get(terms)
                    names = document.names if by_names else document.imports
                    if result is None or result[0] is not names:
                        if stop():
                            raise _Outdated
                        near = (
                            before is not None
                            and result is not None
                            and (result[0] is before.names or result[0] is before.imports)
                        )
                        result = self._renewed(path, seen, names, terms, index, moved if near else None)
                    if result[2]:
                        found += [_lower(sighting, above) for sighting in result[2]]
                gaps += [_shifted(gap, above) for gap in piece.gaps]
                above += piece.height
        except _Outdated:
            return Looked(path=path, abandoned=True)
        self._remember(path, document)
        return Looked(path=path, sightings=_sorted(found), gaps=tuple(gaps))

    def forget(self, path: str | None = None) -> None:
        """Drop what is remembered of a file that was closed; without `path` what was seen in all, for what exists has
        changed."""
        with self._lock:
            if path is None:
                # What was read stays: it is of the text alone.
                for document in self._known.values():
                    for seen in document.seen.values():
                        seen.results.clear()
                if self._world is not None:
                    self._world.forget()
            else:
                self._known.pop(path, None)

    def _document(self, pieces: Sequence[Piece], before: _Document | None, size: int) -> _Document:
        kept = before.seen if before is not None else {}
        seen: dict[str, _Seen] = {}
        for piece in pieces:
            if piece.text not in seen:
                old = kept.get(piece.text)
                seen[piece.text] = old if old is not None else _Seen(piece)
        names = together(seen[piece.text].names for piece in pieces)
        imports = Names(imports=names.imports)
        if before is not None:
            names = before.names if names == before.names else names
            imports = before.imports if imports == before.imports else imports
        return _Document(seen=seen, names=names, imports=imports, size=size)

    def _renewed(
        self,
        path: str,
        seen: _Seen,
        names: Names,
        terms: _Terms,
        index: MatcherIndex,
        moved: frozenset[str] | None,
    ) -> tuple[Names, Names, tuple[Sighting, ...]]:
        """What is seen in a piece now; what was seen before counts as long as its names stand for the same.

        `moved` are the names that have changed since, None where that is not known.
        """
        result = seen.results.get(terms)
        if result is not None and moved is not None and seen.words.isdisjoint(moved):
            result = (names, result[1], result[2])
        else:
            own = _of_words(names, seen.words)
            if result is not None and result[1] == own:
                result = (names, own, result[2])
            else:
                result = (names, own, self._seen_in(path, seen, own, terms, index))
        if len(seen.results) >= _TERMS:
            seen.results.clear()
        seen.results[terms] = result
        return result

    def _remember(self, path: str, document: _Document) -> None:
        documents, characters = self._most
        with self._lock:
            self._known[path] = document
            self._known.move_to_end(path)
            total = sum(one.size for one in self._known.values())
            while len(self._known) > 1 and (len(self._known) > documents or total > characters):
                total -= self._known.popitem(last=False)[1].size

    def _seen_in(
        self, path: str, seen: _Seen, names: Names, terms: _Terms, index: MatcherIndex
    ) -> tuple[Sighting, ...]:
        piece = seen.piece
        atoms = seen.atoms.union(*map(words_of, names.imports.values()))
        matchers = list(index.standing_in(atoms))
        if not matchers:
            return ()
        found: list[Sighting] = []
        lines = syntax.lines(piece.text)
        for node in (*piece.body, *(Node(GAP, "", gap) for gap in piece.gaps)):
            start = min([node.span.line, *(child.span.line for _, child in node.children)])
            view = View(
                path=path,
                node=node,
                text="".join(lines[start - 1 : node.span.end_line]),
                imports=names.imports,
                bound=names.bound,
                stars=names.stars,
                settled=terms.settled,
                last=terms.last,
                world=self._world,
            )
            for matcher in matchers:
                found += self._sightings(matcher, view)
        return tuple(found)

    def _index(self, candidates: bool) -> tuple[int, tuple[MatcherIndex, MatcherIndex]]:
        """The matchers' revision, those that look at imports alone, and those that look at all names."""
        revision = self._matchers.revision()
        known = self._indexes.get(candidates)
        if known is None or known[0] != revision:
            matchers = self._matchers.kept(candidates=candidates)
            apart = [[one for one in matchers if (one.kind in _BY_IMPORTS) is which] for which in (True, False)]
            known = self._indexes[candidates] = (revision, (MatcherIndex(apart[0]), MatcherIndex(apart[1])))
        return known

    def _sightings(self, matcher: Matcher, view: View) -> Sequence[Sighting]:
        recogniser = self._recognisers.get(matcher.kind)
        if recogniser is None:
            return ()
        try:
            return list(recogniser.sightings(matcher, view))
        except Exception:  # one matcher that cannot be read must not hide what the others see
            if matcher.key not in self._failed:
                self._failed.add(matcher.key)
                log.exception("the %s matcher of pattern %s failed on %s", matcher.kind, matcher.fingerprint, view.path)
            return ()


def _sorted(found: Iterable[Sighting]) -> tuple[Sighting, ...]:
    """By line, surest first, one a pattern and line."""
    kept: dict[tuple[int, str], Sighting] = {}
    for sighting in sorted(found, key=lambda one: (one.span.line, -one.confidence, one.span, one.matcher.fingerprint)):
        kept.setdefault((sighting.span.line, sighting.matcher.fingerprint), sighting)
    return tuple(kept.values())


def _moved(before: Names, after: Names) -> frozenset[str]:
    """The names that stand for something else now."""
    changed = before.bound ^ after.bound
    if before.imports == after.imports:
        return frozenset(changed)
    either = before.imports.items() ^ after.imports.items()
    return frozenset(changed).union(name for name, _ in either)


def _of_words(names: Names, words: frozenset[str]) -> Names:
    """What of a file's names concerns a piece with these words."""
    imports = {
        name: target
        for name, target in names.imports.items()
        if name in words or target.startswith("__future__.")  # which say how all of the file is read
    }
    return Names(imports=imports, bound=names.bound & words, stars=names.stars)


def _lower(sighting: Sighting, lines: int) -> Sighting:
    if not lines:
        return sighting
    return Sighting(
        matcher=sighting.matcher,
        span=_shifted(sighting.span, lines),
        confidence=sighting.confidence,
        why=sighting.why,
    )


def _shifted(span: Span, lines: int) -> Span:
    return Span(span.line + lines, span.column, span.end_line + lines, span.end_column)
