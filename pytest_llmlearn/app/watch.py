"""Watching what is written: where learned mistakes stand in a text.

What was seen in a piece is remembered as long as the piece, what its names stand for, and the matchers stay the same;
so a keystroke costs the piece it is in. Invariant: an answer never depends on what was looked at before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

from pytest_llmlearn.app.ports.matchers import Matchers
from pytest_llmlearn.app.ports.parser import Parser
from pytest_llmlearn.domain import syntax
from pytest_llmlearn.domain.matcher import Kind, Matcher, Sighting
from pytest_llmlearn.domain.matchers.index import MatcherIndex
from pytest_llmlearn.domain.matchers.pieces import (
    GAP,
    constants_of,
    names_of,
    together,
    words_of,
)
from pytest_llmlearn.domain.matchers.view import Recogniser, View, World
from pytest_llmlearn.domain.tree import Node, Span

log = logging.getLogger(__name__)
DOCUMENTS = 64
"""Of how many files what was seen is remembered; beyond, those not looked at for longest are forgotten."""


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
    ) -> None:
        self._matchers = matchers
        self._parser = parser
        self._recognisers: dict[Kind, Recogniser] = {recogniser.kind: recogniser for recogniser in recognisers}
        self._world = world
        self._documents = documents
        self._lock = Lock()
        self._indexes: dict[bool, tuple[int, MatcherIndex]] = {}
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
        index = self._index(candidates)
        tree = self._parser.parse(text)
        if stop():
            return Looked(path=path, abandoned=True)
        lines = syntax.lines(text)
        nodes = [*tree.body, *(Node(GAP, "", span) for span in tree.gaps)]
        names = together(map(names_of, nodes))
        found: list[Sighting] = []
        for node in nodes:
            if stop():
                return Looked(path=path, abandoned=True)
            start = min([node.span.line, *(child.span.line for _, child in node.children)])
            own = "".join(lines[start - 1 : node.span.end_line])
            words = words_of(own)
            imports = {name: target for name, target in names.imports.items() if name in words}
            view = View(
                path=path,
                node=node,
                text=own,
                imports=imports,
                bound=names.bound & words,
                stars=names.stars,
                settled=settled,
                world=self._world,
            )
            atoms = {*words, *constants_of(node), *words_of(" ".join(imports.values()))}
            for matcher in index.standing_in(atoms):
                found += self._sightings(matcher, view)
        return Looked(path=path, sightings=_sorted(found), gaps=tree.gaps)

    def forget(self, path: str | None = None) -> None:
        """Drop what is remembered of a file that is closed."""

    def _index(self, candidates: bool) -> MatcherIndex:
        revision = self._matchers.revision()
        known = self._indexes.get(candidates)
        if known is None or known[0] != revision:
            known = self._indexes[candidates] = (revision, MatcherIndex(self._matchers.kept(candidates=candidates)))
        return known[1]

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
