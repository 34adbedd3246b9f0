"""Stand-ins for the outside world, held to the same contract tests as the real thing."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_llmlearn.adapters.sqlite_store.checking import check
from pytest_llmlearn.app.ports import Clock, Coverage, Glimpse, Hit, Known, Statistics, Version
from pytest_llmlearn.app.ports.requests import Experience, Kindred
from pytest_llmlearn.app.ports.vectors import SPACES, Block, Embeddable, Kept, Named, Scanned
from pytest_llmlearn.domain import evolution, request
from pytest_llmlearn.domain.entry import Counted, Entry, Run
from pytest_llmlearn.domain.evolution import Record, promotes
from pytest_llmlearn.domain.fix import Fix, Healing, Red
from pytest_llmlearn.domain.flaw import is_of_scan
from pytest_llmlearn.domain.generation import Generation, Outcome
from pytest_llmlearn.domain.history import Change, Commit, Logged, Origin, Written
from pytest_llmlearn.domain.kin import exception_of
from pytest_llmlearn.domain.lesson import PARTS, Rewording
from pytest_llmlearn.domain.pattern import Pattern, Word
from pytest_llmlearn.domain.recurrence import Seen, independent
from pytest_llmlearn.domain.request import Counts, Made, Request
from pytest_llmlearn.domain.signs import Identity
from pytest_llmlearn.errors import UnknownPattern

ADA = Identity(name="Ada Byron", email="ada@example.org")


@dataclass
class _Known:
    """All that came of one fingerprint: what it shows is worked out anew whenever it is asked for."""

    entries: list[Entry] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    words: dict[str, None] = field(default_factory=dict)
    word: Word | None = None
    merged_into: str | None = None

    @property
    def counted(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.scope in ("generated", "other") and not entry.flaky]

    @property
    def frequency(self) -> int:
        return len({(entry.unit, entry.unit_hash) for entry in self.counted})

    @property
    def models(self) -> dict[str, set[tuple[str, str]]]:
        """The functions with distinct code that each model was the first to fail with."""
        models: dict[str, set[tuple[str, str]]] = {}
        pairs: set[tuple[str, str]] = set()
        for entry in self.counted:
            pair = (entry.unit, entry.unit_hash)
            models.setdefault(entry.model, set()).update({pair} - pairs)
            pairs.add(pair)
        return models

    def seen(self, green: Mapping[str, datetime]) -> list[Seen]:
        """The occurrences that promote."""
        return [
            Seen(unit=entry.unit, code=entry.unit_hash, time=entry.time, session=run.session, run=run.run_id)
            for entry, run in zip(self.entries, self.runs, strict=True)
            if entry in self.counted
            and promotes(
                entry.chosen_by,
                was_green=entry.nodeid in green and green[entry.nodeid] < run.started,
                stub=entry.stub,
                flaky=entry.flaky,
            )
        ]

    def named_by(self, symbols: Sequence[str]) -> bool:
        own = {symbol for entry in self.entries for symbol in entry.symbols}
        return bool((own | {symbol.rpartition(".")[2] for symbol in own}) & set(symbols))


class FakeStore:
    """`ports.Store` in memory. Its ranks are the negative number of matching words."""

    def __init__(self, *, hold_days: int = 30, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self.notices: list[str] = []
        self._hold_days = hold_days
        self._clock = clock
        self._runs: dict[str, Run] = {}
        self._known: dict[str, _Known] = {}
        self._rows: list[tuple[str, Entry]] = []
        self._held: dict[str, tuple[str, datetime]] = {}
        self.green: dict[str, datetime] = {}
        """When tests were first seen green."""

    def _pattern(self, fingerprint: str) -> Pattern:
        """The pattern of this fingerprint, with those merged into it."""
        own = self._known[fingerprint]
        family = self.family(fingerprint)
        first = own.entries[0]
        counted = [entry for known in family for entry in known.counted]
        told = counted or [entry for known in family for entry in known.entries]
        # `max` keeps the first of equals; the newest of them is the last that came.
        newest = max(reversed(own.counted or own.entries), key=lambda entry: entry.time)
        models: dict[str, int] = {}
        for known in family:
            for model, codes in known.models.items():
                models[model] = models.get(model, 0) + len(codes)
        record = Record(
            frequency=sum(known.frequency for known in family),
            severity=newest.severity,  # type: ignore[arg-type]  # `check` has seen to it
            recurrences=independent((seen for known in family for seen in known.seen(self.green)), at_most=2),
            word=own.word,
            stub=all(entry.stub for entry in counted) if counted else first.stub,
        )
        symbols = [newest.symbols, *(known.entries[-1].symbols for known in family[1:])]
        return Pattern(
            fingerprint=first.fingerprint.exact,
            symbol_key=first.fingerprint.symbol,
            rule_id=first.rule_id,
            category=first.category,
            severity=evolution.severity(record),
            exception=first.exception,
            message=newest.message,
            lesson=newest.lesson,
            frequency=record.frequency,
            raw_count=sum(len(known.entries) for known in family),
            state=evolution.state(record),
            first_seen=min(entry.time for entry in told).astimezone(UTC),
            last_seen=max(entry.time for entry in told).astimezone(UTC),
            symbols=tuple(dict.fromkeys(symbol for each in symbols for symbol in each)),
            models=tuple(sorted(models, key=lambda model: (-models[model], model))),
            path=newest.path,
            line=newest.line,
            unit=newest.unit,
            bad=newest.snippet,
            tier=evolution.tier(record.frequency),
            always_inject=evolution.always_inject(record),
            stub=record.stub,
            word=own.word,
            recurrences=record.recurrences,
            kin=newest.kin,
        )

    @property
    def recorded(self) -> Sequence[tuple[str, Entry]]:
        """Everything recorded, in order, each with its run."""
        return self._rows

    def root_of(self, fingerprint: str) -> Pattern:
        """The pattern that speaks for this one: itself, or that into which it was merged."""
        return self._pattern(self._root(fingerprint))

    def kin_of(self, fingerprint: str) -> str:
        """The kin of this pattern itself, merged or not."""
        own = self._known[fingerprint]
        return max(reversed(own.counted or own.entries), key=lambda entry: entry.time).kin

    @property
    def known(self) -> Collection[str]:
        """The fingerprints of all patterns, merged ones too."""
        return self._known.keys()

    def family(self, fingerprint: str) -> list[_Known]:
        """The pattern of this fingerprint, and those merged into it; none where it is not known."""
        own = [self._known[fingerprint]] if fingerprint in self._known else []
        return own + [known for known in self._known.values() if known.merged_into == fingerprint]

    def standing_for(self, fingerprint: str) -> Collection[str]:
        """Its own fingerprint, and that of the pattern it was merged into."""
        known = self._known.get(fingerprint)
        return [fingerprint] if known is None or known.merged_into is None else [fingerprint, known.merged_into]

    def _root(self, fingerprint: str) -> str:
        if fingerprint not in self._known:
            raise UnknownPattern(fingerprint)
        return self._known[fingerprint].merged_into or fingerprint

    def record(self, run: Run, entries: Sequence[Entry]) -> list[Counted]:
        check(entries)
        again = run.run_id in self._runs
        self._runs.setdefault(run.run_id, run)
        counted = [self._count(run, entry, again) for entry in entries]
        limit = self._clock() - timedelta(days=self._hold_days)
        self._held = {
            digest: (kind, added)
            for digest, (kind, added) in self._held.items()
            if self._hold_days > 0 and added >= limit
        }
        if again:
            return counted
        return [replace(one, hidden=not self._pattern(self._root(one.fingerprint)).shown) for one in counted]

    def _count(self, run: Run, entry: Entry, again: bool) -> Counted:
        known = self._known.get(entry.fingerprint.exact) or _Known()
        before = known.frequency
        if not again:
            self._known[entry.fingerprint.exact] = known
            known.entries.append(entry)
            known.runs.append(run)
            known.words = dict.fromkeys(list(known.words | dict.fromkeys(entry.words.split()))[:400])
            self._rows.append((run.run_id, entry))
            self._held |= {held.digest: (held.kind, self._clock()) for held in entry.held}
        return Counted(
            fingerprint=entry.fingerprint.exact,
            before=before,
            after=known.frequency,
            raw_count=len(known.entries),
        )

    def patterns(
        self, *, category: str | None = None, limit: int | None = None, shown: bool = False, path: str | None = None
    ) -> list[Pattern]:
        found = [self._pattern(name) for name, known in self._known.items() if known.merged_into is None]
        found = [pattern for pattern in found if category in (None, pattern.category) and (pattern.shown or not shown)]
        found = [pattern for pattern in found if path in (None, pattern.path)]
        found.sort(key=lambda pattern: pattern.last_seen, reverse=True)
        return sorted(found, key=lambda pattern: -pattern.frequency)[:limit]

    def matching(self, prefix: str) -> list[Pattern]:
        roots = {
            self._root(fingerprint)
            for fingerprint in self._known
            if fingerprint.startswith(prefix) or fingerprint.partition(":")[2].startswith(prefix)
        }
        return [pattern for pattern in self.patterns() if pattern.fingerprint in roots][:10]

    def occurrences(
        self, *, fingerprint: str | None = None, run: str | None = None, limit: int | None = None
    ) -> list[dict[str, Any]]:
        rows = [
            (run_id, entry)
            for run_id, entry in sorted(self._rows, key=lambda row: row[1].time)
            if fingerprint in (None, entry.fingerprint.exact, self._known[entry.fingerprint.exact].merged_into)
            and run in (None, run_id)
        ]
        return [_printed(run_id, entry) for run_id, entry in (rows if limit is None else rows[len(rows) - limit :])]

    def search(self, terms: Sequence[str], symbols: Sequence[str], limit: int) -> list[Hit]:
        hits = []
        for pattern in self.patterns(shown=True):
            own = pattern.fingerprint
            family = [known for name, known in self._known.items() if own in (name, known.merged_into)]
            words = dict.fromkeys(word for known in family for word in known.words)
            common = len(set(terms) & set(words))
            named = any(known.named_by(symbols) for known in family)
            if common or named:
                hits.append((not named, Hit(pattern=pattern, words=" ".join(words), rank=-common)))
        hits.sort(key=lambda pair: (pair[0], pair[1].rank))
        return sorted((hit for _, hit in hits[:limit]), key=lambda hit: (hit.rank, -hit.pattern.frequency))

    def glimpses(
        self,
        terms: Sequence[str],
        symbols: Sequence[str],
        also: Sequence[str],
        limit: int,
        *,
        model: str | None = None,
    ) -> list[Glimpse]:
        told = self.search(terms, symbols, len(self._known))
        own = [hit for hit in told if model is None or model in hit.pattern.models]
        hits = {hit.pattern.fingerprint: hit for hit in [*self.named(also), *own[:limit]]}
        return [
            Glimpse(
                fingerprint=hit.pattern.fingerprint,
                kin=hit.pattern.kin,
                rule_id=hit.pattern.rule_id,
                exception=hit.pattern.exception,
                symbols=hit.pattern.symbols,
                path=hit.pattern.path,
                words=hit.words,
                rank=hit.rank,
            )
            for hit in hits.values()
        ]

    def named(self, fingerprints: Sequence[str]) -> list[Hit]:
        found = []
        for pattern in self.patterns(shown=True):
            if pattern.fingerprint in fingerprints:
                own = pattern.fingerprint
                family = [known for name, known in self._known.items() if own in (name, known.merged_into)]
                words = dict.fromkeys(word for known in family for word in known.words)
                found.append(Hit(pattern=pattern, words=" ".join(words), rank=0.0))
        return found

    def rarity(self, terms: Sequence[str]) -> tuple[int, Mapping[str, int]]:
        known = self._known.values()
        return len(known), {term: sum(term in entry.words for entry in known) for term in terms}

    def say(self, fingerprint: str, word: Word | None) -> None:
        self._known[self._root(fingerprint)].word = word

    def merge(self, parent: str, child: str) -> None:
        into, root = self._root(parent), self._root(child)
        for name, known in self._known.items():
            if into != root and root in (name, known.merged_into):
                known.merged_into = into

    def split(self, child: str) -> None:
        self._root(child)
        self._known[child].merged_into = None

    def failed_before(self, nodeids: Sequence[str]) -> frozenset[str]:
        return frozenset(
            entry.nodeid
            for _, entry in self._rows
            if entry.nodeid in nodeids and any(self._held.get(held.digest, ("",))[0] == "unit" for held in entry.held)
        )

    def statistics(self) -> Statistics:
        return Statistics(
            patterns=len(self._known),
            occurrences=len(self._rows),
            runs=len(self._runs),
            bytes=0,
            held=len(self._held),
            schema="0",
        )

    def runs_of(self, nodeid: str) -> list[tuple[Run, Entry]]:
        """The failures of one test that were not flaky, each with its run."""
        return [(self._runs[run], entry) for run, entry in self._rows if entry.nodeid == nodeid and not entry.flaky]

    @property
    def entries(self) -> list[Entry]:
        """Everything recorded, in order."""
        return [entry for _, entry in self._rows]

    def clear(self) -> None:
        self._runs.clear()
        self._known.clear()
        self._rows.clear()
        self._held.clear()

    def close(self) -> None:
        pass


class FakeRequests:
    """`ports.requests.Requests` in memory, beside a `FakeStore` whose failures it counts: anew at each question."""

    def __init__(self, store: FakeStore, ledger: FakeLedger | None = None) -> None:
        self._store = store
        self._ledger = ledger
        self._passed: list[tuple[str | None, str]] = []

    def passed(self, attempts: Sequence[tuple[str | None, str]]) -> None:
        self._passed += attempts

    def _runs(self) -> list[dict[str, list[tuple[Entry, str | None]]]]:
        """Of each run the failures that count as attempts, by model, each with its request."""
        runs: dict[str, dict[str, list[tuple[Entry, str | None]]]] = {}
        seen: set[tuple[str, str, str]] = set()
        for run, entry in self._store.recorded:
            if entry.scope not in ("generated", "other") or entry.flaky:
                continue
            code = (entry.fingerprint.exact, entry.unit, entry.unit_hash)
            if entry.source == "handed-in" or code not in seen:
                told = entry.prompt if entry.prompt is not None else self._told(entry)
                asked = request.normal(told) if told is not None else ""
                runs.setdefault(run, {}).setdefault(entry.model, []).append((entry, asked or None))
            seen.add(code)
        return list(runs.values())

    def _told(self, entry: Entry) -> str | None:
        if entry.source == "handed-in" or self._ledger is None:
            return None
        rows = [
            row
            for row in self._ledger.generations(path=entry.path)
            if None in (row.qualname, entry.function) or row.qualname == entry.function
        ]
        told = [row.prompt for row in rows if row.prompt is not None]
        return told[-1] if told else None

    def _known(self) -> dict[str, tuple[int, int]]:
        """Normal forms of all requests, with how often each was attempted, and how often that failed."""
        found: dict[str, tuple[int, int]] = {}
        for run in self._runs():
            for made in run.values():
                for asked in {asked for _, asked in made if asked is not None}:
                    attempts, failed = found.get(asked, (0, 0))
                    found[asked] = (attempts + 1, failed + 1)
        for told, _ in self._passed:
            asked = request.normal(told) if told is not None else ""
            if asked:
                attempts, failed = found.get(asked, (0, 0))
                found[asked] = (attempts + 1, failed)
        return found

    def rarity(self, terms: Sequence[str]) -> tuple[int, Mapping[str, int]]:
        known = [set(request.words_of(asked)) for asked in self._known()]
        return len(known), {term: sum(term in one for one in known) for term in terms}

    def like(self, digest: bytes, terms: Sequence[str], keys: Sequence[str], limit: int) -> list[Request]:
        wanted = {f"prompt:{digest.hex()}", *keys}
        found = [
            Request(
                key=f"prompt:{request.digest_of(asked).hex()}",
                words=frozenset(request.words_of(asked)),
                attempts=attempts,
                failed=failed,
            )
            for asked, (attempts, failed) in self._known().items()
        ]
        named = [one for one in found if one.key in wanted]
        others = [one for one in found if one.key not in wanted and one.words & set(terms)]
        others.sort(key=lambda one: -len(one.words & set(terms)))
        return named + others[:limit]

    def experience(
        self,
        requests: Sequence[str],
        kins: Sequence[str],
        model: str | None,
        *,
        common: int,
        only: bool = False,
        near: Collection[str] | None = None,
    ) -> Experience:
        made = [one for one in self._made() if one.request in requests]
        counted = self._counts(lambda entry: entry.kin, requests=True)
        frequent = sorted(self._store.known, key=lambda name: -len(self._store.family(name)[0].counted))
        usual = [self._store.kin_of(name) for name in frequent[: 2 * common]]
        own = sorted(counted, key=lambda kin: -counted[kin].by(model))[:common] if model is not None else []
        here = [one.kin for one in made if near is None or one.request in near]
        wanted = [kin for kin in dict.fromkeys([*here, *kins, *usual, *own]) if kin in counted]
        made = [one for one in made if near is None or one.kin in wanted]
        if only and model is not None:
            wanted = [kin for kin in wanted if counted[kin].by(model)]
            made = [one for one in made if one.kin in wanted]
        shown: dict[str, list[Kindred]] = {}
        for kin in wanted:
            named = {one.pattern for one in made if one.kin == kin}
            patterns = self._store.patterns(shown=True)
            chosen = [one for one in patterns if (one.fingerprint in named if named else one.kin == kin)]
            shown[kin] = [
                Kindred(
                    fingerprint=one.fingerprint,
                    kin=one.kin,
                    frequency=one.frequency,
                    symbols=one.symbols,
                    same_model=model in one.models,
                )
                for one in chosen
            ]
        exceptions = self._counts(lambda entry: exception_of(entry.kin))
        return Experience(
            everything=self._counts(lambda entry: "", passed=True).get("", Counts()),
            made=made,
            kins={kin: counted[kin] for kin in wanted},
            exceptions={name: exceptions[name] for name in dict.fromkeys(map(exception_of, wanted))},
            shown={kin: found for kin, found in shown.items() if found},
        )

    def _made(self) -> list[Made]:
        found: dict[tuple[str, str, str], int] = {}
        for run in self._runs():
            for model, made in run.items():
                for asked, name in {(asked, entry.fingerprint.exact) for entry, asked in made if asked is not None}:
                    found[asked, name, model] = found.get((asked, name, model), 0) + 1
        roots = {name: self._store.root_of(name) for _, name, _ in found}
        return [
            Made(
                request=f"prompt:{request.digest_of(asked).hex()}",
                pattern=roots[name].fingerprint,
                kin=self._store.kin_of(name),
                model=model,
                count=count,
            )
            for (asked, name, model), count in found.items()
            if roots[name].shown
        ]

    def _counts(
        self, name_of: Callable[[Entry], str], *, passed: bool = False, requests: bool = False
    ) -> dict[str, Counts]:
        models: dict[str, dict[str, int]] = {}
        asked: dict[str, set[str]] = {}
        for run in self._runs():
            for model, made in run.items():
                for name in {name_of(entry) for entry, _ in made}:
                    of_name = models.setdefault(name, {})
                    of_name[model] = of_name.get(model, 0) + 1
                for entry, told in made:
                    asked.setdefault(name_of(entry), set()).update({told} if told is not None else ())
        for _, model in self._passed if passed else ():
            of_name = models.setdefault("", {})
            of_name[model] = of_name.get(model, 0) + 1
        return {
            name: Counts(models=of_name, requests=len(asked.get(name, ())) if requests else 0)
            for name, of_name in models.items()
        }


class FakeLedger:
    """`ports.Ledger` in memory, beside a `FakeStore` whose failures it tells."""

    def __init__(self, store: FakeStore | None = None, *, edited_again_seconds: float = 300.0) -> None:
        self._store = store
        self._window = timedelta(seconds=edited_again_seconds)
        self._rows: list[Generation] = []
        self._told: dict[str, Outcome] = {}
        self._exposed: dict[str, datetime] = {}
        self._words: dict[str, str] = {}

    def add(self, generations: Sequence[Generation]) -> list[bool]:
        answers = []
        for generation in generations:
            new = generation.id not in self._told
            answers.append(new)
            if new:
                self._rows.append(replace(generation, time=generation.time.astimezone(UTC)))
                self._told[generation.id] = generation.outcome
        return answers

    def _all(self) -> list[Generation]:
        """Oldest first, each with what came of it: worked out anew, from all that are there now."""
        ordered = sorted(self._rows, key=lambda row: row.time)
        found = []
        for number, row in enumerate(ordered):
            again = any(
                later.time - row.time <= self._window and _one_unit(row, later) for later in ordered[number + 1 :]
            )
            told = self._told[row.id]
            found.append(replace(row, outcome=replace(told, edited_again=told.edited_again or again)))
        return found

    def generations(
        self,
        *,
        model: str | None = None,
        path: str | None = None,
        awaiting: bool = False,
        limit: int | None = None,
    ) -> list[Generation]:
        found = [
            row
            for row in self._all()
            if model in (None, row.model)
            and path in (None, row.path)
            and not (awaiting and row.outcome.first_pass is not None)
        ]
        return found if limit is None else found[max(0, len(found) - limit) :]

    def generation(self, prefix: str) -> list[Generation]:
        rows = self._all()
        exact = [row for row in rows if row.id == prefix]
        return exact or [row for row in rows if row.id.startswith((prefix, f"b2:{prefix}"))][:10]

    def coverage(self) -> Coverage:
        rows = self._all()
        return Coverage(
            generations=len(rows),
            prompt=sum(row.prompt is not None for row in rows),
            reasoning=sum(row.reasoning is not None or row.plan is not None for row in rows),
            model=sum(row.model is not None for row in rows),
            tested=sum(row.outcome.passed is not None for row in rows),
        )

    def tell(self, outcomes: Mapping[str, Outcome]) -> None:
        for identifier, outcome in outcomes.items():
            if identifier in self._told:
                known = {name: getattr(outcome, name) for name in Outcome.__slots__}
                told = {name: value for name, value in known.items() if value is not None and value is not False}
                self._told[identifier] = replace(self._told[identifier], **told)

    def expose(self, files: Mapping[str, datetime]) -> None:
        for path, time in files.items():
            self._exposed[path] = max(time.astimezone(UTC), self._exposed.get(path, time))

    def exposed(self) -> Mapping[str, datetime]:
        return dict(self._exposed)

    def failed_units(self) -> Sequence[tuple[str, str, str, str]]:
        rows = self._store.entries if self._store is not None else []
        return sorted(
            {
                (entry.model, entry.path or "", entry.unit, entry.unit_hash)
                for entry in rows
                if entry.scope == "generated" and not entry.flaky
            }
        )

    def remember(self, key: str, value: str) -> None:
        self._words[key] = value

    def remembered(self, key: str) -> str | None:
        return self._words.get(key)


def _one_unit(earlier: Generation, later: Generation) -> bool:
    ways = [{"library": "event"}.get(row.way, row.way) for row in (earlier, later)]
    names = [row.qualname for row in (earlier, later)]
    return earlier.path == later.path and ways[0] == ways[1] and (None in names or names[0] == names[1])


def _printed(run_id: str, entry: Entry) -> dict[str, Any]:
    same = (
        "nodeid", "when", "path", "line", "function", "rule_id", "category", "severity", "exception", "message",
        "model", "scope", "chosen_by", "flaky", "statement", "unit", "confidence", "provenance", "tool", "source",
        "snippet", "task",
    )  # fmt: skip
    findings = [
        {name: getattr(finding, name) for name in ("rule_id", "severity", "line", "confidence", "detail")}
        for finding in entry.findings
    ]
    return {
        **{name: getattr(entry, name) for name in same},
        "run": run_id,
        "fingerprint": entry.fingerprint.exact,
        "time": entry.time.astimezone(UTC).isoformat(timespec="microseconds"),
        "findings": findings,
    }


class FakeHistory:
    """`hookspecs.History` of one repository in memory, whose root is the project's, with a history in a line.

    `commit` makes the next commit of it, `write` changes the working tree, `note` puts a note on a commit. Lines are
    followed from commit to commit where they stay in order; files keep their names. Commits have ids like git's.
    """

    def __init__(self) -> None:
        self.notices: list[str] = []
        self.ignored: set[str] = set()
        self.asked: list[str] = []
        """Names of the questions that were asked, in order."""
        self._tree: dict[str, str] = {}
        self._commits: dict[str, Commit] = {}
        self._trees: dict[str, dict[str, str]] = {"": {}}
        self._origins: dict[str, dict[str, list[Origin | None]]] = {"": {}}
        self._notes: dict[tuple[str, str], str] = {}

    @property
    def head(self) -> str:
        """The present commit; empty before the first."""
        return [*self._trees][-1]

    def write(self, path: str, text: str | None) -> None:
        """Change a file of the working tree; None removes it."""
        self._tree.pop(path, None)
        if text is not None:
            self._tree[path] = text

    def commit(self, files: Mapping[str, str | None], message: str = "Change", author: Identity = ADA) -> str:
        """Write these files and commit the working tree; the commit's id."""
        for path, text in files.items():
            self.write(path, text)
        before = self.head
        made = hashlib.sha1(f"{len(self._trees)} {message} {sorted(self._tree.items())}".encode()).hexdigest()
        self._commits[made] = Commit(
            id=made,
            time=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=len(self._trees)),
            parents=(before,) if before else (),
            author=author,
            committer=ADA,
            signed_author=author,
            signed_committer=ADA,
            message=message,
        )
        tree = {path: text for path, text in self._tree.items() if path not in self.ignored}
        lines = {path: self._followed(path, text, made) for path, text in tree.items()}
        self._trees[made], self._origins[made] = tree, lines
        return made

    def note(self, ref: str, commit: str, text: str) -> None:
        """Put a note on a commit, which need not be known."""
        self._notes[ref, commit] = text

    def origins(self, paths: Sequence[str]) -> Mapping[str, Sequence[Origin | None]]:
        self.asked.append("origins")
        known = self._origins[self.head]
        return {
            path: self._followed(path, self._tree[path], None) for path in paths if path in known and path in self._tree
        }

    def uncommitted(self, paths: Sequence[str]) -> Mapping[str, Sequence[bool]]:
        self.asked.append("uncommitted")
        return {
            path: [origin is None for origin in self._followed(path, self._tree[path], None)]
            for path in paths
            if path in self._tree and path not in self.ignored
        }

    def commits(self, ids: Collection[str]) -> Mapping[str, Commit]:
        self.asked.append("commits")
        return {one: self._commits[one] for one in ids if one in self._commits}

    def notes(self, ref: str, commits: Collection[str]) -> Mapping[str, str]:
        self.asked.append("notes")
        return {one: self._notes[ref, one] for one in commits if one in self._commits and (ref, one) in self._notes}

    def touching(self, names: Sequence[str]) -> Mapping[str, Sequence[Change]]:
        self.asked.append("touching")
        changes: dict[str, list[Change]] = {}
        for one in reversed(self._commits.values()):
            for name in self._touched(one.id) & set(names):
                change = Change(commit=one.id, time=one.time, parents=one.parents)
                changes.setdefault(name, []).append(change)
        return changes

    def name_of(self, path: str) -> str | None:
        return None if path.startswith(("/", "../")) else path

    def heads(self, paths: Sequence[str]) -> Mapping[str, str]:
        return dict.fromkeys(paths, self.head) if self.head else {}

    def log(self, since: str | None, limit: int) -> Sequence[Logged] | None:
        self.asked.append("log")
        known = [*self._commits]
        newest = known[known.index(since) + 1 :] if since in self._commits else known
        return [Logged(commit=self._commits[one], files=self._written(one)) for one in reversed(newest)][:limit]

    def untouched(self, paths: Sequence[str], since: str) -> frozenset[str]:
        self.asked.append("untouched")
        if since not in self._commits:
            return frozenset()
        known = [*self._commits]
        later = known[known.index(since) + 1 :]
        return frozenset(paths) - {path for one in later for path in self._touched(one)}

    def state(self, ref: str) -> str:
        noted = sorted(item for item in self._notes.items() if item[0][0] == ref)
        return hashlib.sha1(repr(noted).encode()).hexdigest() if noted else ""

    def latest(self) -> Sequence[Commit]:
        """The commits, newest first."""
        return [*reversed(self._commits.values())]

    def standing(self) -> str:
        """What else decides: nothing here."""
        return ""

    def _followed(self, path: str, text: str, commit: str | None) -> list[Origin | None]:
        """Where the lines of a text come from, if it follows the file at the present commit; `commit` made the rest."""
        old, new = self._trees[self.head].get(path, "").splitlines(), text.splitlines()
        lines: list[Origin | None] = [
            Origin(commit=commit, path=path, line=number) if commit else None for number in range(1, len(new) + 1)
        ]
        before = self._origins[self.head].get(path, [])
        for block in difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
            lines[block.b : block.b + block.size] = before[block.a : block.a + block.size]
        return lines

    def _touched(self, commit: str) -> set[str]:
        return {path for path, _, _ in self._differences(commit)}

    def _written(self, commit: str) -> tuple[Written, ...]:
        return tuple(
            Written(
                operation="delete" if new is None else "create" if old is None else "edit",
                path=path,
                blob=None if new is None else hashlib.sha1(f"blob {len(new.encode())}\0{new}".encode()).hexdigest(),
            )
            for path, old, new in self._differences(commit)
            if path.endswith(".py")
        )

    def _differences(self, commit: str) -> list[tuple[str, str | None, str | None]]:
        known = [*self._trees]
        before, after = self._trees[known[known.index(commit) - 1]], self._trees[commit]
        changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
        return [(path, before.get(path), after.get(path)) for path in changed]


class FakeLessons:
    """`ports.Lessons` over a fake store. `mined` are the fixes of each fingerprint."""

    def __init__(self, store: FakeStore) -> None:
        self.mined: dict[str, list[Fix]] = {}
        self._store = store
        self._versions: dict[str, list[Version]] = {}

    def known(self, fingerprints: Collection[str]) -> Mapping[str, Known]:
        return {
            fingerprint: Known(
                contexts=tuple(self.contexts(fingerprint)),
                fixes=tuple(self.mined.get(fingerprint, ())),
                reworded=self._last(fingerprint) if self._last(fingerprint).says_anything else None,
            )
            for fingerprint in fingerprints
            if fingerprint in self._store.known
        }

    def contexts(self, fingerprint: str) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        for known in self._store.family(fingerprint):
            # Of one code the first occurrence tells.
            first = {(entry.unit, entry.unit_hash): entry for entry in reversed(known.counted)}
            for entry in first.values():
                for context in entry.contexts:
                    counts[context] = counts.get(context, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def versions(self, fingerprint: str) -> Sequence[Version]:
        return tuple(self._versions.get(fingerprint, ()))

    def reword(
        self, fingerprint: str, parts: Mapping[str, str | None], time: datetime, *, afresh: bool = False
    ) -> None:
        if fingerprint not in self._store.known:
            raise UnknownPattern(fingerprint)
        last = self._last(fingerprint)
        before = {part: getattr(last, part) for part in PARTS}
        after: dict[str, Any] = {**(dict.fromkeys(PARTS) if afresh else before), **parts}
        if after != before:
            rewording = Rewording(**after, version=last.version + 1)
            self._versions.setdefault(fingerprint, []).append(Version(rewording=rewording, time=time.astimezone(UTC)))

    def frequent(self, frequency: int, limit: int) -> Sequence[Pattern]:
        found = [one for one in self._store.patterns(shown=True) if one.state in ("active", "enforced")]
        return [one for one in found if one.frequency >= frequency][:limit]

    def _last(self, fingerprint: str) -> Rewording:
        versions = self._versions.get(fingerprint)
        return versions[-1].rewording if versions else Rewording(version=0)


class FakeFixes:
    """`ports.Fixes` in memory, beside a `FakeStore` whose failures it tells."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self._until: dict[str, datetime] = {}
        self._healings: dict[tuple[str, str, str, str, str], Healing] = {}

    def red_tests(self) -> Sequence[str]:
        return [one for one in self._red() if not is_of_scan(one)]

    def red_scans(self) -> Sequence[str]:
        return [one for one in self._red() if is_of_scan(one)]

    def _red(self) -> Sequence[str]:
        failed: dict[str, datetime] = {}
        for entry in self._store.entries:
            if entry.source != "handed-in" and not entry.flaky:
                failed[entry.nodeid] = max(entry.time, failed.get(entry.nodeid, entry.time))
        return sorted(one for one, time in failed.items() if one not in self._until or time > self._until[one])

    def never_green(self, nodeids: Collection[str]) -> Sequence[str]:
        return [nodeid for nodeid in nodeids if nodeid not in self._store.green]

    def reds(self, nodeids: Collection[str]) -> Sequence[Red]:
        found: dict[tuple[str, str, str], Red] = {}
        for nodeid in sorted(nodeids):
            rows = [row for row in self._store.runs_of(nodeid) if row[1].scope in ("generated", "other")]
            last = max(rows, key=lambda row: row[1].time, default=None)
            for number, (run, entry) in enumerate(rows):
                if last is not None and run.run_id == last[0].run_id:
                    red = _as_red(number, run, entry)
                    found.setdefault((red.fingerprint, red.nodeid, red.unit), red)
        return list(found.values())

    def note(
        self, *, time: datetime, green: Collection[str] = (), healed: Collection[str] = (), healings: Sequence[Healing]
    ) -> Sequence[Fix]:
        for one in green:
            self._store.green[one] = min(time, self._store.green.get(one, time))
        for one in healed:
            self._until[one] = max(time, self._until.get(one, time))
        known = {entry.fingerprint.exact for entry in self._store.entries}
        for healing in healings:
            key = (healing.fingerprint, healing.nodeid, healing.unit, healing.red_hash, healing.green_hash)
            before = self._healings.get(key)
            wins = before is None or (
                healing.verdict == "fix" and (before.verdict != "fix" or healing.time < before.time)
            )
            if healing.fingerprint in known and wins:
                self._healings[key] = healing
        mined = dict.fromkeys(
            (one.fingerprint, one.fix.digest) for one in healings if one.fix is not None and one.fingerprint in known
        )
        standing = {(fix.fingerprint, fix.digest): fix for fix in self.fixes()}
        return [standing[key] for key in mined]

    def fixes(self, fingerprint: str | None = None) -> Sequence[Fix]:
        groups: dict[tuple[str, str], list[Healing]] = {}
        for healing in self._healings.values():
            if healing.fix is not None and fingerprint in (None, *self._store.standing_for(healing.fingerprint)):
                groups.setdefault((fingerprint or healing.fingerprint, healing.fix.digest), []).append(healing)
        found = [replace(_fix_of(healings), fingerprint=name) for (name, _), healings in groups.items()]
        goods: dict[tuple[str, str], set[str]] = {}
        for fix in found:
            goods.setdefault((fix.fingerprint, fix.bad), set()).add(fix.good)
        found = [replace(fix, conflicting=len(goods[fix.fingerprint, fix.bad]) > 1) for fix in found]
        return sorted(found, key=lambda fix: (fix.verified, fix.last_seen, fix.digest), reverse=True)

    def healings(self, fingerprint: str | None = None) -> Sequence[Healing]:
        standing = {(fix.fingerprint, fix.digest): fix for fix in self.fixes(fingerprint)}
        found = [
            replace(one, fix=standing[fingerprint or one.fingerprint, one.fix.digest] if one.fix is not None else None)
            for one in self._healings.values()
            if fingerprint in (None, *self._store.standing_for(one.fingerprint))
        ]
        return sorted(found, key=lambda one: one.time)


def _as_red(number: int, run: Run, entry: Entry) -> Red:
    unit = next((held for held in entry.held if held.kind == "unit"), None)
    test = next((held for held in entry.held if held.kind == "test"), None)
    return Red(
        occurrence=number,
        fingerprint=entry.fingerprint.exact,
        nodeid=entry.nodeid,
        path=entry.path or "",
        qualname=unit.qualname if unit else entry.function or "",
        unit=entry.unit,
        unit_hash=entry.unit_hash,
        line=entry.line,
        statement=entry.statement,
        text=unit.text if unit else None,
        test_path=test.path if test else None,
        test_qualname=test.qualname if test else None,
        test_text=test.text if test else None,
        commit=run.commit,
        time=entry.time,
        message=entry.message,
    )


def _fix_of(healings: Sequence[Healing]) -> Fix:
    parts = [healing.fix for healing in healings if healing.fix is not None]
    return replace(
        parts[0],
        signature=min(part.signature for part in parts),
        difference=min(part.difference for part in parts),
        verified=len({(healing.unit, healing.green_hash) for healing in healings}),
        first_seen=min(healing.time for healing in healings).astimezone(UTC),
        last_seen=max(healing.time for healing in healings).astimezone(UTC),
    )


class FakeTested:
    """`ports.Tested` in memory."""

    watched = True

    def __init__(self) -> None:
        self.red: list[str] | None = None

    def saw(self, passed: Iterable[str], red: Callable[[], Sequence[str]]) -> None:
        self.red = [*red()]

    def forget(self) -> None:
        self.red = None


class FakeVectorStore:
    """`ports.VectorStore` in memory, over texts that a test says are there, with keys of its own choice.

    `say` adds or changes a text, with what an index filters by; `hide` keeps it from being found; `erase` removes it
    for good. `busy` is called before vectors are put: what another process may do meanwhile.
    """

    def __init__(self) -> None:
        self.busy: Callable[[], object] = lambda: None
        self._kept: dict[str, Kept] = {}
        self._hidden: set[str] = set()
        self._made: dict[str, dict[str, tuple[str, Any]]] = {}
        self._revision = 0
        self._epoch = 0

    def say(self, key: str, text: str, **told: Any) -> None:
        known = self._kept.get(key)
        facet: Any = key.partition(":")[0]
        space: Any = {"fix": "fixes", "prompt": "prompts"}.get(facet, "mistakes")
        plain = Kept(key=key, space=space, facet=facet, owner="", revision=0, vector=None)
        self._revision += 1
        changed = {**told, "document": text, "revision": self._revision}
        self._kept[key] = replace(known or plain, **changed)

    def hide(self, key: str) -> None:
        self._hidden.add(key)
        self.say(key, self._kept[key].document)

    def erase(self, key: str) -> None:
        del self._kept[key]
        for made in self._made.values():
            made.pop(key, None)
        self._epoch += 1

    def waiting(self, embedder: str, limit: int | None = None) -> list[Embeddable]:
        made = self._made.get(embedder, {})
        found = [
            Embeddable(key=one.key, space=one.space, facet=one.facet, text=one.document, digest=_digest(one.document))
            for one in reversed(self._kept.values())
            if one.document and one.key not in self._hidden
        ]
        late = [one for one in found if one.key not in made or made[one.key][0] != one.digest]
        return sorted(late, key=lambda one: one.space != "prompts")[:limit]

    def put(self, embedder: str, dimension: int, made: Sequence[tuple[Embeddable, Any]]) -> None:
        import numpy

        self.busy()
        of = self._made.get(embedder, {})
        if any(len(vector) != dimension for _, vector in made):
            raise ValueError("not of that dimension")
        if any(len(vector) != dimension for _, vector in of.values()):
            self.drop(embedder)
        for one, vector in made:
            kept = self._kept.get(one.key)
            if kept is not None and _digest(kept.document) == one.digest:
                halved = vector.astype(numpy.float16).astype(numpy.float32)
                self._made.setdefault(embedder, {})[one.key] = (one.digest, halved)
                self.say(one.key, kept.document)

    def covered(self, embedder: str) -> tuple[int, int]:
        there = [one for one in self._kept.values() if one.document and one.key not in self._hidden]
        return len(there) - len(self.waiting(embedder)), len(there)

    def epoch(self) -> str:
        return str(self._epoch)

    def revision(self, embedder: str) -> int:
        return self._revision if self._made.get(embedder) else 0

    def changes(self, embedder: str, since: int) -> Iterator[Kept]:
        for one in sorted(self._kept.values(), key=lambda one: one.revision):
            _, vector = self._made.get(embedder, {}).get(one.key, ("", None))
            if not one.document or one.key in self._hidden:
                vector = None
            if one.revision > since and (vector is not None or since):
                yield replace(one, vector=vector)

    def blocks(self, embedder: str, since: int) -> Iterator[Block]:
        import numpy

        found = list(self.changes(embedder, since))
        width = max((len(vector) for _, vector in self._made.get(embedder, {}).values()), default=1)
        for space in SPACES:
            here = [one for one in found if one.space == space]
            if here:
                yield Block(
                    space=space,
                    revision=self._revision,
                    keys=[one.key for one in here],
                    owners=[one.owner for one in here],
                    categories=[one.category for one in here],
                    states=[one.state for one in here],
                    models=[one.models for one in here],
                    shown=numpy.array([one.vector is not None for one in here]),
                    vectors=numpy.array(
                        [numpy.zeros(width) if one.vector is None else one.vector for one in here], dtype=numpy.float16
                    ),
                )

    def scan(self, embedder: str) -> Iterator[Scanned]:
        import numpy

        numbers = {key: number for number, key in enumerate(self._kept)}
        for block in self.blocks(embedder, 0):
            rows = numpy.array([numbers[key] for key in block.keys], dtype=numpy.int64)
            yield Scanned(space=block.space, rows=rows, vectors=block.vectors)

    def named(self, rows: Sequence[int]) -> dict[int, Named]:
        known = dict(enumerate(self._kept.values()))
        return {
            row: Named(key=one.key, owner=one.owner, category=one.category, state=one.state, models=one.models)
            for row in rows
            if (one := known.get(row)) is not None and one.document and one.key not in self._hidden
        }

    def of_keys(self, embedder: str, keys: Sequence[str]) -> list[Kept]:
        return [replace(one, document="") for one in self.changes(embedder, 0) if one.key in keys]

    def of_prompt(self, embedder: str, digest: bytes) -> Any:
        return self._made.get(embedder, {}).get(f"prompt:{digest.hex()}", ("", None))[1]

    def embedders(self) -> list[str]:
        return [name for name, made in self._made.items() if made]

    def discard_damaged(self, embedder: str) -> int:
        return 0

    def drop(self, embedder: str) -> int:
        count = len(self._made.pop(embedder, {}))
        if count:
            self._epoch += 1
            self._revision += 1
        return count


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


class FakeEmbedder:
    """`ports.Embedder` whose vectors follow from the text alone. `asked` are the batches that it was given."""

    def __init__(self, name: str = "made-up", dimension: int = 16) -> None:
        self.name = name
        self.dimension = dimension
        self.asked: list[list[str]] = []

    def embed(self, texts: Sequence[str]) -> Any:
        import numpy

        self.asked.append(list(texts))
        rows = numpy.empty((len(texts), self.dimension), dtype=numpy.float32)
        for row, text in enumerate(texts):
            seed = int.from_bytes(hashlib.blake2b(f"{self.name} {text}".encode(), digest_size=8).digest())
            rows[row] = numpy.random.default_rng(seed).standard_normal(self.dimension)
        return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)
