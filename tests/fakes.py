"""Stand-ins for the outside world, held to the same contract tests as the real thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_llmlearn.adapters.sqlite_store.writing import check
from pytest_llmlearn.app.ports import Clock, Hit, Statistics
from pytest_llmlearn.domain.entry import Counted, Entry, Run
from pytest_llmlearn.domain.pattern import Pattern, State
from pytest_llmlearn.errors import UnknownPattern


@dataclass
class _Known:
    """All that came of one fingerprint: what it shows is worked out anew whenever it is asked for."""

    entries: list[Entry] = field(default_factory=list)
    words: dict[str, None] = field(default_factory=dict)
    state: State = "candidate"

    @property
    def counted(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.scope in ("generated", "other") and not entry.flaky]

    @property
    def frequency(self) -> int:
        return len({(entry.unit, entry.unit_hash) for entry in self.counted})

    def pattern(self) -> Pattern:
        first, told = self.entries[0], self.counted or self.entries
        # `max` keeps the first of equals; the newest of them is the last that came.
        newest = max(reversed(self.counted), key=lambda entry: entry.time) if self.counted else first
        models: dict[str, set[tuple[str, str]]] = {}
        pairs: set[tuple[str, str]] = set()
        for entry in self.counted:
            pair = (entry.unit, entry.unit_hash)
            models.setdefault(entry.model, set()).update({pair} - pairs)
            pairs.add(pair)
        return Pattern(
            fingerprint=first.fingerprint.exact,
            symbol_key=first.fingerprint.symbol,
            rule_id=first.rule_id,
            category=first.category,
            severity=newest.severity,
            exception=first.exception,
            message=newest.message,
            lesson=newest.lesson,
            frequency=self.frequency,
            raw_count=len(self.entries),
            state=self.state,
            first_seen=min(entry.time for entry in told).astimezone(UTC),
            last_seen=max(entry.time for entry in told).astimezone(UTC),
            symbols=newest.symbols,
            models=tuple(sorted(models, key=lambda model: (-len(models[model]), model))),
            path=newest.path,
            line=newest.line,
            unit=newest.unit,
            bad=newest.snippet,
        )

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
        return counted

    def _count(self, run: Run, entry: Entry, again: bool) -> Counted:
        known = self._known.get(entry.fingerprint.exact) or _Known()
        before = known.frequency
        if not again:
            self._known[entry.fingerprint.exact] = known
            known.entries.append(entry)
            known.words = dict.fromkeys(list(known.words | dict.fromkeys(entry.words.split()))[:400])
            self._rows.append((run.run_id, entry))
            self._held |= {held.digest: (held.kind, self._clock()) for held in entry.held}
        return Counted(
            fingerprint=entry.fingerprint.exact,
            before=before,
            after=known.frequency,
            raw_count=len(known.entries),
        )

    def patterns(self, *, category: str | None = None, limit: int | None = None) -> list[Pattern]:
        found = [known.pattern() for known in self._known.values()]
        found = [pattern for pattern in found if category in (None, pattern.category)]
        found.sort(key=lambda pattern: pattern.last_seen, reverse=True)
        return sorted(found, key=lambda pattern: -pattern.frequency)[:limit]

    def matching(self, prefix: str) -> list[Pattern]:
        return [
            pattern
            for pattern in self.patterns()
            if pattern.fingerprint.startswith(prefix) or pattern.fingerprint.partition(":")[2].startswith(prefix)
        ][:10]

    def occurrences(
        self, *, fingerprint: str | None = None, run: str | None = None, limit: int | None = None
    ) -> list[dict[str, Any]]:
        rows = [
            (run_id, entry)
            for run_id, entry in sorted(self._rows, key=lambda row: row[1].time)
            if fingerprint in (None, entry.fingerprint.exact) and run in (None, run_id)
        ]
        return [_printed(run_id, entry) for run_id, entry in (rows if limit is None else rows[len(rows) - limit :])]

    def search(self, terms: Sequence[str], symbols: Sequence[str], limit: int) -> list[Hit]:
        hits = []
        for known in self._known.values():
            pattern = known.pattern()
            common = len(set(terms) & set(known.words))
            if pattern.shown and (common or known.named_by(symbols)):
                hits.append(
                    (not known.named_by(symbols), Hit(pattern=pattern, words=" ".join(known.words), rank=-common))
                )
        hits.sort(key=lambda pair: (pair[0], pair[1].rank))
        return sorted((hit for _, hit in hits[:limit]), key=lambda hit: (hit.rank, -hit.pattern.frequency))

    def rarity(self, terms: Sequence[str]) -> tuple[int, Mapping[str, int]]:
        known = self._known.values()
        return len(known), {term: sum(term in entry.words for entry in known) for term in terms}

    def set_state(self, fingerprint: str, state: State) -> None:
        if fingerprint not in self._known:
            raise UnknownPattern(fingerprint)
        self._known[fingerprint].state = state

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

    def clear(self) -> None:
        self._runs.clear()
        self._known.clear()
        self._rows.clear()
        self._held.clear()

    def close(self) -> None:
        pass


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
