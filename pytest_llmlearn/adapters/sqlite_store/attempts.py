"""What each attempt adds to what is known of requests and of kins of mistakes.

One run is one attempt of each model that failed in it, however many tests failed. Used inside one write transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.sqlite_store.asking import storable
from pytest_llmlearn.adapters.sqlite_store.texts import Texts
from pytest_llmlearn.domain import request
from pytest_llmlearn.domain.entry import Entry
from pytest_llmlearn.domain.kin import exception_of

if TYPE_CHECKING:
    from sqlite_utils import Database

_PROMPT_OF = """
    SELECT t.text FROM generations AS g JOIN occurrence_texts AS t ON t.id = g.prompt_id
    WHERE g.path = ?1 AND (g.qualname IS NULL OR ?2 IS NULL OR g.qualname = ?2) AND g.time <= ?3
    ORDER BY g.time DESC, g.id DESC LIMIT 1"""
_COUNT = """
    INSERT INTO attempts (kind, name, model, count) VALUES (?, ?, ?, ?)
    ON CONFLICT (kind, name, model) DO UPDATE SET count = count + excluded.count"""
_ASKED = """
    INSERT INTO prompt_models (prompt, model, failed, passed) VALUES (?, ?, ?, ?)
    ON CONFLICT (prompt, model) DO UPDATE SET failed = failed + excluded.failed, passed = passed + excluded.passed"""


class Attempts:
    """The attempts of one run. `now` dates the requests."""

    def __init__(self, db: Database, now: str) -> None:
        self._db = db
        self._now = now
        self._models: set[str] = set()
        self._kins: set[tuple[str, str]] = set()
        self._asked: dict[str, set[str]] = {}
        self._made: dict[tuple[str, int, str], str] = {}
        self._prompts: dict[tuple[str | None, str | None], str | None] = {}
        self._spelled: dict[str, str] = {}
        """Requests by their normal form: one that is told twice in a run, broken into other lines, is one."""

    def add(self, entry: Entry, pattern: int, *, newly: bool) -> None:
        """Count an occurrence that counts. Of a run that was watched only code that was not seen before is another
        attempt; what is handed in says itself what was attempted."""
        if entry.source != "handed-in" and not newly:
            return
        model, kin = storable(entry.model), storable(entry.kin)
        self._models.add(model)
        self._kins.add((kin, model))
        prompt = entry.prompt if entry.prompt is not None else self._known(entry)
        normal = request.normal(prompt) if prompt is not None else ""
        if prompt is not None and normal:
            prompt = self._spelled.setdefault(normal, prompt)
            self._asked.setdefault(prompt, set()).add(model)
            self._made[prompt, pattern, model] = kin

    def _known(self, entry: Entry) -> str | None:
        """What the ledger knows the code to be an answer to."""
        if entry.source == "handed-in" or entry.path is None:
            return None
        key = (entry.path, entry.function)
        if key not in self._prompts:
            values = (storable(entry.path), entry.function and storable(entry.function), self._now)
            row = self._db.execute(_PROMPT_OF, values).fetchone()
            self._prompts[key] = row[0] if row else None
        return self._prompts[key]

    def write(self) -> None:
        """Add all that was counted."""
        exceptions = {(exception_of(kin), model) for kin, model in self._kins}
        counts = [("all", "", model, 1) for model in sorted(self._models)]
        counts += [("kin", kin, model, 1) for kin, model in sorted(self._kins)]
        counts += [("exception", name, model, 1) for name, model in sorted(exceptions)]
        self._db.conn.executemany(_COUNT, counts)
        rows = prompts(self._db, self._asked, self._now)
        self._db.conn.executemany(
            _ASKED, [(rows[prompt], model, 1, 0) for prompt, models in self._asked.items() for model in sorted(models)]
        )
        if not self._made:
            return
        pairs = {(rows[prompt], kin) for (prompt, _, _), kin in self._made.items()}
        new = [pair for pair in sorted(pairs) if not self._asked_before(*pair)]
        self._db.conn.executemany(_COUNT, [("requests", kin, "", 1) for _, kin in new])
        self._db.conn.executemany(
            """INSERT INTO pattern_prompts (prompt, pattern, model, count, last_seen) VALUES (?, ?, ?, 1, ?)
               ON CONFLICT (prompt, pattern, model) DO UPDATE SET count = count + 1, last_seen = excluded.last_seen""",
            [(rows[prompt], pattern, model, self._now) for prompt, pattern, model in self._made],
        )

    def _asked_before(self, prompt: int, kin: str) -> bool:
        found = self._db.execute(
            """SELECT 1 FROM pattern_prompts AS m JOIN patterns AS p ON p.id = m.pattern
               WHERE m.prompt = ? AND p.kin = ? LIMIT 1""",
            (prompt, kin),
        )
        return found.fetchone() is not None


def passed(db: Database, generations: Iterable[tuple[str | None, str]], now: str) -> None:
    """Count attempts that failed no test: the request of each, where it is known, and the model."""
    told = [(prompt, storable(model)) for prompt, model in generations]
    db.conn.executemany(_COUNT, [("all", "", model, 1) for _, model in told])
    asked = {prompt: None for prompt, _ in told if prompt is not None and request.normal(prompt)}
    rows = prompts(db, asked, now)
    db.conn.executemany(
        _ASKED, [(rows[prompt], model, 0, 1) for prompt, model in told if prompt is not None and prompt in rows]
    )


def prompts(db: Database, asked: Mapping[str, object], now: str) -> dict[str, int]:
    """The row of each of these requests, made where there was none."""
    texts = Texts(db)
    kept = {prompt: prompt[: request.LIMIT] for prompt in asked}
    texts.add(kept.values())
    rows = {}
    for prompt, text in kept.items():
        row = db.execute(
            """INSERT INTO prompts (digest, text_id, words, last_asked) VALUES (?, ?, ?, ?)
               ON CONFLICT (digest) DO UPDATE SET last_asked = excluded.last_asked RETURNING id""",
            (request.digest_of(text), texts[text], storable(" ".join(request.words_of(text))), now),
        ).fetchone()
        rows[prompt] = row[0]
    return rows
