"""A stand-in for the exposures, held to the same contract as the real ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pytest_llmlearn.app.ports.exposures import Awaiting, Code, Showing, Shown, Wrote
from pytest_llmlearn.domain.effect import Effect, Exposure, Outcome, effect
from pytest_llmlearn.domain.occurrence import SCANS
from tests.fakes import FakeLedger, FakeStore


@dataclass
class _Row:
    showing: Showing
    lesson: Shown
    outcome: Outcome | None = None
    judged: datetime | None = None
    run: str | None = None

    @property
    def key(self) -> tuple[object, ...]:
        told = self.showing
        alike = (self.lesson.fingerprint, self.lesson.shown, told.session, told.path, told.unit, told.channel)
        return alike if told.session is not None else (*alike, told.text_digest)


class FakeExposures:
    """`ports.Exposures` in memory, beside a `FakeStore` and a `FakeLedger`. `locked` makes it refuse to write."""

    def __init__(self, store: FakeStore, ledger: FakeLedger | None = None) -> None:
        self._store = store
        self._ledger = ledger or FakeLedger(store)
        self.rows: list[_Row] = []
        self.locked = False

    def show(self, showing: Showing) -> bool:
        if self.locked or not self._store.patterns():
            return False
        known = {pattern.fingerprint for pattern in self._store.patterns()}
        for lesson in showing.lessons:
            row = _Row(showing, lesson)
            if lesson.fingerprint in known and not any(row.key == one.key for one in self.rows if one.outcome is None):
                self.rows.append(row)
        return True

    def awaiting(self, limit: int) -> list[Awaiting]:
        found = []
        for number, row in enumerate(self.rows):
            (pattern,) = self._store.matching(row.lesson.fingerprint)
            if row.outcome is None:
                found.append(
                    Awaiting(
                        id=number,
                        time=row.showing.time,
                        fingerprint=pattern.fingerprint,
                        symbol_key=pattern.symbol_key,
                        symbols=pattern.symbols,
                        pattern_path=pattern.path,
                        pattern_unit=pattern.unit,
                        session=row.showing.session,
                        path=row.showing.path,
                        unit=row.showing.unit,
                        text_digest=row.showing.text_digest,
                        by_scan=any(
                            one["source"] in SCANS for one in self._store.occurrences(fingerprint=pattern.fingerprint)
                        ),
                    )
                )
        found.sort(key=lambda one: (one.time, one.id))
        return found[max(0, len(found) - limit) :]

    def pieces(self, digests: Collection[str]) -> Mapping[str, frozenset[str]]:
        return {
            row.showing.text_digest: row.showing.pieces
            for row in self.rows
            if row.outcome is None and row.showing.text_digest in digests and row.showing.pieces is not None
            if row.showing.text_digest is not None
        }

    def wrote(self, since: datetime) -> list[Wrote]:
        return [
            Wrote(
                time=one.time,
                path=one.path,
                qualname=one.qualname,
                session=one.session,
                operation=one.operation,
                hunks=one.hunks,
            )
            for one in self._ledger.generations()
            if one.time > since
        ]

    def first_failed(self, codes: Collection[Code]) -> Mapping[Code, datetime]:
        found: dict[Code, datetime] = {}
        for entry in self._store.entries:
            code = (entry.fingerprint.exact, entry.unit, entry.unit_hash)
            if code in codes:
                found[code] = min(entry.time, found.get(code, entry.time))
        return found

    def judge(self, outcomes: Mapping[int, Outcome], *, run: str, time: datetime) -> None:
        for number, outcome in outcomes.items():
            row = self.rows[number]
            if row.outcome is None:
                row.outcome, row.judged, row.run = outcome, time, run

    def expire(self, before: datetime, *, time: datetime) -> int:
        due = [row for row in self.rows if row.outcome is None and row.showing.time < before]
        for row in due:
            row.outcome, row.judged = "no-opportunity", time
        return len(due)

    def effect(self, fingerprint: str | None = None) -> Effect:
        return effect(_exposure(row) for row in self.rows if fingerprint in (None, row.lesson.fingerprint))

    def effects(self, fingerprints: Collection[str]) -> Mapping[str, Effect]:
        known = {row.lesson.fingerprint for row in self.rows}
        return {one: self.effect(one) for one in fingerprints if one in known}


def _exposure(row: _Row) -> Exposure:
    exposure = Exposure(
        fingerprint=row.lesson.fingerprint,
        shown=row.lesson.shown,
        session=row.showing.session,
        propensity=row.lesson.propensity,
    )
    return replace(exposure, outcome=row.outcome, judged=row.judged)
