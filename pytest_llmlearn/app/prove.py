"""Matchers tried over the project's own code: what fires where the tests pass is held back until it does so no more,
and what is silent in its own function, where that passes, is the surer for it.

Looked at are the project's Python files that passed as they are now, that are no tests, and in which nothing is red.
What was said of a file holds as long as its content and the matchers stay the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
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


class Remembered(Protocol):
    """What the last looks said of files. A shadow: it may be lost."""

    def read(self) -> Mapping[str, Sequence[str]]:
        """The keys of the matchers that fired, by a digest of the file's content and the matchers."""
        ...

    def write(self, known: Mapping[str, Sequence[str]]) -> None:
        """Remember these, and no others.

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
    """The use case. `files` are those of the project that passed as they are, from its root; `text` reads one."""

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
    ) -> None:
        self._matchers = matchers
        self._trying = trying
        self._deriving = deriving
        self._store = store
        self._fixes = fixes
        self._files = files
        self._text = text
        self._remembered = remembered

    def run(self, stop: Callable[[], bool] = lambda: False) -> Proved:
        """Derive what the fixes of the project give, then try all matchers; `stop` is asked before each file.

        Raises:
            StoreError: the store cannot be read or written.
            OSError: what was found out cannot be remembered.
        """
        self._deriving.mined(self._with_rules(self._fixes.fixes()))
        matchers = [one for one in self._matchers.every() if one.kind != "scan"]
        if not matchers:
            return Proved(hits={})
        terms = _digest("\0".join(sorted(one.key for one in matchers)))
        red = self._red()
        known = self._remembered.read()
        seen: dict[str, Sequence[str]] = {}
        hits: dict[str, list[str]] = {}
        silent: list[tuple[str, Sequence[Matcher]]] = []
        files = anew = 0
        for path in self._files():
            if stop():
                return Proved(files=files, anew=anew, matchers=len(matchers), hits=hits, complete=False)
            text = self._text(path) if path not in red else None
            if text is None or len(text) > TEXT or is_test_file(path, text):
                continue
            files += 1
            digest = _digest(f"{terms}\0{path}\0{text}")
            keys = known.get(digest)
            if keys is None:
                anew += 1
                keys = sorted(self._trying.fired(matchers, path, text))
                fired = frozenset(keys)
                silent.append((text, [one for one in matchers if one.key not in fired]))
            if len(seen) < REMEMBERED:
                seen[digest] = keys
            for key in keys:
                hits.setdefault(key, []).append(path)
        for text, quiet in silent:
            self._deriving.silent(text, quiet)
        self._matchers.proved({one.key: len(hits.get(one.key, ())) for one in matchers})
        if anew or len(known) > len(seen):
            self._remembered.write(seen)
        return Proved(files=files, anew=anew, matchers=len(matchers), hits=hits)

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
