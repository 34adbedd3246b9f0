"""How often the matchers of what exists are wrong: every hit in code that runs is a false alarm.

From all failures of the corpora matchers of the kinds `api`, `undefined`, `awaiting` and `text` are derived, and run
over the corpora's passing generations, the standard library, and the installed packages of the interpreter named by
`--python` (for the corpora one that has what their code imports). Beside it stands at how many of the failures some
matcher fires within a line. Nothing of it is run. See README.md beside this file.
"""

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import ROOT, say

sys.path.insert(0, str(ROOT))

from pytest_llmlearn.adapters.interpreter import ProjectInterpreter
from pytest_llmlearn.adapters.parser import TolerantParser
from pytest_llmlearn.adapters.surroundings.existing import ExistingWorld
from pytest_llmlearn.app.classify import Classifier
from pytest_llmlearn.app.watch import Watch
from pytest_llmlearn.bootstrap import detectors
from pytest_llmlearn.domain.deriving.named import from_pattern
from pytest_llmlearn.domain.fingerprint import fingerprint
from pytest_llmlearn.domain.matcher import Matcher, Sighting, Trials
from pytest_llmlearn.domain.matchers.api import Api
from pytest_llmlearn.domain.matchers.awaiting import Awaiting
from pytest_llmlearn.domain.matchers.text import Text
from pytest_llmlearn.domain.matchers.undefined import Undefined
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.domain.replay import Attempt, Failure
from pytest_llmlearn.domain.source import unit_at
from pytest_llmlearn.entrypoints.replay_stream import read
from pytest_llmlearn.hookspecs import Evidence

CORPORA = ("classeval", "bia", "realclass")
KINDS = {"api", "undefined", "awaiting", "text"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What is read of a pattern."""

    fingerprint: str
    rule_id: str
    message: str
    symbols: Sequence[str]


class Held:
    """`ports.Matchers` of a list that never changes."""

    def __init__(self, matchers: Sequence[Matcher]) -> None:
        self._matchers = sorted(matchers, key=lambda one: -one.confidence)

    def kept(self, *, candidates: bool = False) -> Sequence[Matcher]:
        return self._matchers

    def every(self, fingerprint: str | None = None) -> Sequence[Matcher]:
        return self._matchers

    def proved(self, hits: Mapping[str, int]) -> None:
        """Nothing is written down."""

    def shapes_among(self, words: Collection[str]) -> Sequence[Matcher]:
        return [one for one in self._matchers if one.kind == "shape" and one.names <= frozenset(words)]

    def put(self, matchers: Collection[Matcher]) -> Sequence[Matcher]:
        """Nothing is written down."""
        return ()

    def tried(self, trials: Mapping[str, Trials], code: str) -> None:
        """Nothing is written down."""

    def revision(self) -> int:
        return 1


def main() -> None:
    options = _options()
    interpreter = ProjectInterpreter(Path.cwd(), os.environ, named=options.python).ask()
    if interpreter is None:
        sys.exit(f"{options.python} does not answer")
    with TemporaryDirectory() as folder:
        world = ExistingWorld(Path(folder), interpreter)
        attempts = [attempt for corpus in CORPORA for attempt in read(options.corpora / corpus, "dev")]
        matchers, own = _derived(attempts, world)
        say(f"{len(matchers)} matchers: {dict(Counter(map(_sort, matchers)))}")
        watch = Watch(Held(matchers), TolerantParser(), (Api(), Undefined(), Awaiting(), Text()), world)
        passing = [attempt for attempt in attempts if attempt.passed and attempt.code]
        hits = [(one.id, found) for one in passing for found in [_seen(watch, one.path, one.code or "")] if found]
        say(f"passing generations: {len(hits)} of {len(passing)} with a hit")
        _show(hits, {one.id: one.code or "" for one in passing})
        _coverage(watch, own)
        _libraries(watch, interpreter.search_path, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--python", default=sys.executable, help="the interpreter in which the corpora's code runs")
    parser.add_argument("--corpora", type=Path, default=Path("/tmp/corpora"), help="the unpacked corpora")
    parser.add_argument("--files", type=int, default=600, help="library files looked at, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _derived(
    attempts: Iterable[Attempt], world: ExistingWorld
) -> tuple[list[Matcher], list[tuple[Attempt, Failure, Learned]]]:
    classifier = Classifier(detectors(()))
    matchers: dict[str, Matcher] = {}
    own = []
    for attempt in attempts:
        for failure in attempt.failures:
            learned = _learned(attempt, failure, classifier, world)
            derived = from_pattern(learned)
            matchers |= {matcher.key: matcher for matcher in derived}
            if derived:
                own.append((attempt, failure, learned))
    return list(matchers.values()), own


def _learned(attempt: Attempt, failure: Failure, classifier: Classifier, world: ExistingWorld) -> Learned:
    code = attempt.code or ""
    lines = code.splitlines()
    statement = lines[failure.line - 1].strip() if failure.line and failure.line <= len(lines) else None
    occurrence = Occurrence(
        nodeid=failure.nodeid,
        when=failure.when,
        exception=failure.exception,
        mro=failure.mro or (failure.exception,),
        message=failure.message[:2000],
        path=attempt.path,
        line=failure.line,
        function=failure.function,
        statement=statement,
        source="handed-in",
        code=code,
    )
    evidence = Evidence(path=attempt.path, text=code, unit=unit_at(code, failure.line or 1), surroundings=world)
    finding = classifier.findings(occurrence, evidence)[0]
    exact = fingerprint(finding, failure.exception, failure.message[:2000]).exact
    return Learned(
        fingerprint=exact, rule_id=finding.rule_id, message=failure.message[:2000], symbols=finding.symbols
    )  # fmt: skip


def _sort(matcher: Matcher) -> str:
    return f"{matcher.kind}/{matcher.body['what']}{' at large' if matcher.body.get('any') else ''}"


def _seen(watch: Watch, path: str, text: str) -> tuple[Sighting, ...]:
    """One sighting a place: that of the surest matcher."""
    kept: dict[object, Sighting] = {}
    for sighting in watch.look(path, text, candidates=True, settled=True).sightings:
        kept.setdefault((sighting.span, sighting.matcher.kind), sighting)
    return tuple(kept.values())


def _show(hits: Sequence[tuple[str, tuple[Sighting, ...]]], texts: dict[str, str]) -> None:
    for name, found in hits:
        for sighting in found:
            line = texts[name].splitlines()[sighting.span.line - 1].strip()[:100]
            say(f"  {name}:{sighting.span.line} {sighting.matcher.kind} {sighting.why} | {line}")


def _coverage(watch: Watch, own: Sequence[tuple[Attempt, Failure, Learned]]) -> None:
    """At how many distinct failures something fires within a line."""
    asked: Counter[str] = Counter()
    met: Counter[str] = Counter()
    missed: dict[tuple[str, str], str] = {}
    looked: dict[str, tuple[Sighting, ...]] = {}
    for attempt, failure, learned in {(a.id, f.line, w.rule_id): (a, f, w) for a, f, w in own}.values():
        if attempt.id not in looked:
            looked[attempt.id] = _seen(watch, attempt.path, attempt.code or "")
        asked[learned.rule_id] += 1
        near = failure.line is None or any(abs(one.span.line - failure.line) <= 1 for one in looked[attempt.id])
        if looked[attempt.id] and near:
            met[learned.rule_id] += 1
        else:
            missed[attempt.id, learned.rule_id] = learned.message.partition("\n")[0][:90]
    for rule, count in asked.most_common():
        say(f"failures of {rule}: fires at {met[rule]} of {count}")
    for (name, rule), message in list(missed.items())[:80]:
        say(f"  missed {name} {rule} {message}")


def _libraries(watch: Watch, search_path: Sequence[str], options: argparse.Namespace) -> None:
    files = [(folder, file) for folder in map(Path, search_path) for file in _files(folder)]
    chosen = random.Random(options.seed).sample(files, min(options.files, len(files)))
    hits, lines, started, texts = [], 0, time.perf_counter(), {}
    slowest = (0.0, "")
    for folder, file in chosen:
        text = file.read_text(encoding="utf-8", errors="replace")
        begun = time.perf_counter()
        found = _seen(watch, file.relative_to(folder).as_posix(), text)
        slowest = max(slowest, (time.perf_counter() - begun, str(file)))
        lines += text.count("\n")
        if found:
            hits.append((str(file), found))
            texts[str(file)] = text
    took = time.perf_counter() - started
    say(f"libraries: {len(hits)} of {len(chosen)} files with a hit, {lines} lines, {took:.1f} s, slowest {slowest}")
    say(f"  by kind: {Counter(_sort(sighting.matcher) for _, found in hits for sighting in found)}")
    _show(hits, texts)


def _files(folder: Path) -> Iterator[Path]:
    for at, folders, names in os.walk(folder):
        inside = folder.name.startswith("python3") and "site-packages" in at
        folders[:] = [] if inside else [one for one in folders if one not in ("__pycache__", "lib2to3", ".git")]
        if not inside and "site-packages" not in str(folder) and not folder.name.startswith("python3"):
            return
        yield from (Path(at, name) for name in sorted(names) if name.endswith(".py"))


if __name__ == "__main__":
    main()
