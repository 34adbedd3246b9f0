"""Matchers tried over the project's own code: what fires where the tests pass is held back until it does so no more,
and what is silent in its own function, where that passes, is the surer for it.

Looked at are the project's Python files that passed as they are now, that are no tests, and in which nothing is red.
What was said of a file holds as long as its content stays the same; of new matchers it is asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

from pytest_llmlearn.app.derive import TEXT
from pytest_llmlearn.domain.culprit import is_test_file

if TYPE_CHECKING:
    from pytest_llmlearn.app.derive import Deriving
    from pytest_llmlearn.app.ports import Fixes, Store
    from pytest_llmlearn.app.ports.matchers import Matchers
    from pytest_llmlearn.app.trying import Trying
    from pytest_llmlearn.domain.fix import Fix
    from pytest_llmlearn.domain.matcher import Matcher

REMEMBERED = 20_000
"""Files of which is remembered what fired in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the last look at the project said: by the keys of the matchers that were tried, those of them that fired in
    each file, by a digest of its path and content."""

    tried: frozenset[str] = frozenset()
    fired: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Remembered(Protocol):
    """What the last look said. A shadow: it may be lost."""

    def read(self) -> Before: ...

    def write(self, now: Before) -> None:
        """Remember this instead.

        Raises:
            OSError: it cannot be written.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """What came of a look at the project: files looked at, of which so many anew, and matchers that were tried.

    `hits` are the passing files that each matcher fires in, by its key; those that fire in none are left out.
    `complete` says that nothing stopped it.
    """

    files: int = 0
    anew: int = 0
    matchers: int = 0
    hits: Mapping[str, Sequence[str]]
    complete: bool = True


class Proving:
    """The use case. `files` are those of the project that passed as they are, from its root; `text` reads one; `ran` is
    another after a run of the tests in which more of them passed."""

    def __init__(
        self,
        matchers: Matchers,
        trying: Trying,
        deriving: Deriving,
        *,
        store: Store,
        fixes: Fixes,
        files: Callable[[], Iterable[str]],
        text: Callable[[str], str | None],
        remembered: Remembered,
        ran: Callable[[], object] = lambda: None,
    ) -> None:
        self._matchers = matchers
        self._trying = trying
        self._deriving = deriving
        self._store = store
        self._fixes = fixes
        self._files = files
        self._text = text
        self._remembered = remembered
        self._ran = ran
        self._at: object = None

    @property
    def due(self) -> bool:
        """Whether anything that a look depends on was changed since the last one by this object."""
        return self._at != self._state()

    def run(self, stop: Callable[[], bool] = lambda: False) -> Proved:
        """Derive what the fixes of the project give, then try all matchers; `stop` is asked before each file.

        Raises:
            StoreError: the store cannot be read or written.
            OSError: what was found out cannot be remembered.
        """
        self._deriving.mined(self._with_rules(self._fixes.fixes()))
        matchers = [one for one in self._matchers.every() if one.kind != "scan"]
        if not matchers:
            self._at = self._state()
            return Proved(hits={})
        if self._at is not None:
            self._trying.forget()
        before = self._remembered.read()
        current = {one.key: one for one in matchers}
        new = [one for one in matchers if one.key not in before.tried]
        texts = list(self._texts())
        known = {digest: before.fired.get(digest) for _, _, digest in texts}
        fired: dict[str, frozenset[str]] = {}
        silent: list[tuple[str, Sequence[Matcher]]] = []
        anew = 0
        # Changing what is tried costs more than trying it, so the files that only new matchers concern come together.
        for path, text, digest in sorted(texts, key=lambda one: known[one[2]] is None):
            if stop():
                return Proved(files=len(texts), anew=anew, matchers=len(matchers), hits={}, complete=False)
            told = known[digest]
            trying = matchers if told is None else new
            now = frozenset(self._trying.fired(trying, path, text)) if trying else frozenset()
            fired[digest] = now.union(key for key in told or () if key in current)
            if trying:
                anew += 1
                silent.append((text, [one for one in trying if one.key not in now]))
        hits: dict[str, list[str]] = {}
        for path, _, digest in texts:
            for key in fired[digest]:
                hits.setdefault(key, []).append(path)
        for text, quiet in silent:
            self._deriving.silent(text, quiet)
        self._matchers.proved({key: len(hits.get(key, ())) for key in current})
        if anew or len(before.fired) > len(fired):
            kept = dict(list(fired.items())[:REMEMBERED])
            self._remembered.write(
                Before(tried=frozenset(current), fired={digest: sorted(keys) for digest, keys in kept.items()})
            )
        self._at = self._state()
        return Proved(files=len(texts), anew=anew, matchers=len(matchers), hits=hits)

    def _state(self) -> object:
        return self._matchers.revision(), self._ran(), tuple(self._files())

    def _texts(self) -> Iterator[tuple[str, str, str]]:
        """The files that passed, each with its text and a digest of both."""
        red = self._red()
        for path in self._files():
            text = self._text(path) if path not in red else None
            if text is not None and len(text) <= TEXT and not is_test_file(path, text):
                yield path, text, _digest(f"{path}\0{text}")

    def mended(self, fixes: Iterable[Fix]) -> Sequence[Matcher]:
        """Learn from fixes that were just found.

        Raises:
            StoreError: the store cannot be read or written.
        """
        return self._deriving.mined(self._with_rules(fixes))

    def _with_rules(self, fixes: Iterable[Fix]) -> list[tuple[Fix, str]]:
        rules: dict[str, str] = {}
        found = []
        for fix in fixes:
            if fix.fingerprint not in rules:
                pattern = next(iter(self._store.matching(fix.fingerprint)), None)
                rules[fix.fingerprint] = pattern.rule_id if pattern is not None else ""
            if rules[fix.fingerprint]:
                found.append((fix, rules[fix.fingerprint]))
        return found

    def _red(self) -> Collection[str]:
        """The files of which a test or a scan says now that they are wrong."""
        nodeids = [*self._fixes.red_tests(), *self._fixes.red_scans()]
        return frozenset(red.path for red in self._fixes.reds(nodeids))


def _digest(text: str) -> str:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
