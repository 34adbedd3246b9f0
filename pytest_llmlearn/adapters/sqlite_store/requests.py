"""The port of remembered requests over the database file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from pytest_llmlearn.adapters.sqlite_store import finding
from pytest_llmlearn.adapters.sqlite_store.asking import in_chunks, in_order, storable, timestamp
from pytest_llmlearn.adapters.sqlite_store.counting import ANSWER, counted, kept, total
from pytest_llmlearn.adapters.sqlite_store.database import DatabaseFile
from pytest_llmlearn.app.ports.requests import Experience, Kindred
from pytest_llmlearn.domain.kin import exception_of
from pytest_llmlearn.domain.request import Counts, Made, Request

PATTERNS_A_KIN = 3
"""Patterns of a kin that may be chosen from where none was made under a like request."""
POSTINGS_ASKED = 3_000
"""Requests that the words may bring up together: ranking costs about two microseconds for each."""
MADE = 4_000
"""Mistakes under like requests that are looked at."""

_Row = tuple[bytes, int, str, str, int]

_REQUESTS = """
    SELECT q.id, q.digest, q.words, coalesce(sum(m.failed + m.passed), 0), coalesce(sum(m.failed), 0)
    FROM prompts AS q LEFT JOIN prompt_models AS m ON m.prompt = q.id WHERE q.{} IN ({{}}) GROUP BY q.id"""


class SqliteRequests:
    """`ports.requests.Requests` in that file. Made by `SqliteStore.requests`; `clock` dates what is written."""

    def __init__(self, file: DatabaseFile, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file = file
        self._clock = clock

    def rarity(self, terms: Sequence[str]) -> tuple[int, Mapping[str, int]]:
        """How many requests there are, and in how many of them each stemmed word stands."""
        nothing: tuple[int, Mapping[str, int]] = (0, {})
        return self._file.ask(lambda connection: _rarity(connection, terms), nothing)

    def like(self, digest: bytes, terms: Sequence[str], keys: Sequence[str], limit: int) -> list[Request]:
        """The request of this digest, those with these keys, and at most `limit` others that share rare words."""
        return self._file.ask(lambda connection: _like(connection, digest, terms, keys, limit), [])

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
        """What came of these requests, of these kins, and of the `common` most frequent ones of `model` and of all."""
        nothing = Experience(everything=Counts())
        keys = {bytes.fromhex(key.partition(":")[2]): key for key in requests}

        def told(connection: sqlite3.Connection) -> Experience:
            known = kept(connection, ANSWER + "experience")
            asked = (*requests, None, *kins, None, model, common, only, near if near is None else frozenset(near))
            if asked not in known:
                known[asked] = read(connection)
            found: Experience = known[asked]
            return found

        def read(connection: sqlite3.Connection) -> Experience:
            made = _made(connection, keys)
            others = [*map(storable, kins), *_common(connection, model, common)]
            if near is not None:
                wanted = {*others, *(one[2] for one in made if keys[one[0]] in near)}
                made = [one for one in made if one[2] in wanted]
            return _experience(connection, keys, made, others, model, only)

        return self._file.ask(told, nothing)

    def passed(self, attempts: Sequence[tuple[str | None, str]]) -> None:
        """Count attempts that failed no test: the request of each, where it is known, and the model.

        Raises:
            StoreError: the store cannot be written; nothing was.
        """
        from pytest_llmlearn.adapters.sqlite_store.attempts import passed

        if attempts:
            self._file.write(lambda db: passed(db, attempts, timestamp(self._clock())))


def _rarity(connection: sqlite3.Connection, terms: Sequence[str]) -> tuple[int, Mapping[str, int]]:
    there = total(connection, "prompts")
    return there, counted(connection, "prompt", terms) if there else {}


def _like(
    connection: sqlite3.Connection, digest: bytes, terms: Sequence[str], keys: Sequence[str], limit: int
) -> list[Request]:
    rows, requests = kept(connection, "rows of requests"), kept(connection, "requests")
    digests = [digest, *(bytes.fromhex(key.partition(":")[2]) for key in keys)]
    new = [one for one in digests if one not in rows]
    rows.update(dict.fromkeys(new))
    _read_requests(connection, "digest", new, rows, requests)
    found = sorted(row for one in dict.fromkeys(digests) if (row := rows.get(one)) is not None)
    there = set(found)
    more = [identifier for identifier in _by_words(connection, terms, limit) if identifier not in there]
    _read_requests(connection, "id", [one for one in more if one not in requests], rows, requests)
    return [requests[identifier] for identifier in (*found, *in_order(more)) if identifier in requests]


def _read_requests(
    connection: sqlite3.Connection,
    by: str,
    values: Sequence[int] | Sequence[bytes],
    rows: dict[bytes, int | None],
    requests: dict[int, Request],
) -> None:
    """Add those of these values, by their digest or row, that are there."""
    for identifier, own, words, attempts, failed in in_chunks(connection, _REQUESTS.format(by), values):
        rows[own] = identifier
        requests[identifier] = Request(
            key=f"prompt:{own.hex()}", words=frozenset(words.split()), attempts=attempts, failed=failed
        )


def _by_words(connection: sqlite3.Connection, terms: Sequence[str], limit: int) -> list[int]:
    """Rows of requests with the rarest of these words, best first."""
    known = kept(connection, ANSWER + "requests by words")
    key = (*terms, limit)
    if key in known:
        return list(known[key])
    chosen = finding.rarest(counted(connection, "prompt", terms), POSTINGS_ASKED)
    if not chosen:
        return []
    ranked = connection.execute(
        "SELECT rowid FROM prompt_words WHERE prompt_words MATCH ? ORDER BY bm25(prompt_words) LIMIT ?",
        (finding.any_of(chosen), limit),
    )
    known[key] = [row[0] for row in ranked]
    return list(known[key])


def _made(connection: sqlite3.Connection, digests: Collection[bytes]) -> list[_Row]:
    """What came of these requests: the request, the pattern that speaks for it, the kin, the model, and how often."""
    statement = """
        SELECT q.digest, coalesce(p.merged_into, p.id), p.kin, m.model, m.count
        FROM prompts AS q CROSS JOIN pattern_prompts AS m ON m.prompt = q.id
        CROSS JOIN patterns AS p ON p.id = m.pattern
        WHERE q.digest IN ({})"""
    known = kept(connection, "made under requests")
    asked = list(digests)
    new = [one for one in asked if one not in known]
    known.update({one: [] for one in new})
    for row in in_chunks(connection, statement, new):
        known[row[0]].append(row)
    return [row for one in in_order(asked) for row in known[one]][:MADE]


def _experience(
    connection: sqlite3.Connection,
    keys: Mapping[bytes, str],
    rows: Sequence[_Row],
    others: Sequence[str],
    model: str | None,
    only: bool,
) -> Experience:
    """Of what was made there (`rows`), and of other kins."""
    patterns = finding.kindred(connection, [row[1] for row in rows], model)
    known: dict[_Row, Made] = kept(connection, "mistakes under requests")
    for row in rows:
        if row not in known and row[1] in patterns:
            digest, by_id, kin, by, count = row
            known[row] = Made(request=keys[digest], pattern=patterns[by_id].fingerprint, kin=kin, model=by, count=count)
    made = [known[row] for row in rows if row[1] in patterns]
    wanted = dict.fromkeys([*(one.kin for one in made), *others])
    counts = _counts(connection, "kin", list(wanted))
    if only and model is not None:
        counts = {kin: told for kin, told in counts.items() if told.by(model)}
        made = [one for one in made if one.kin in counts]
        wanted = dict.fromkeys(counts)
    exceptions = list(dict.fromkeys(map(exception_of, wanted)))
    own = {pattern.fingerprint: pattern for pattern in patterns.values()}
    shown: dict[str, dict[str, Kindred]] = {}
    for one in made:
        shown.setdefault(one.kin, {})[one.pattern] = own[one.pattern]
    more = finding.of_kins(connection, [kin for kin in wanted if kin not in shown], PATTERNS_A_KIN)
    read = finding.kindred(connection, more, model)
    for pattern in (read[row] for row in more if row in read):
        shown.setdefault(pattern.kin, {})[pattern.fingerprint] = pattern
    return Experience(
        everything=_counts(connection, "all", [""]).get("", Counts()),
        made=made,
        kins=counts,
        exceptions=_counts(connection, "exception", exceptions),
        shown={kin: list(found.values()) for kin, found in shown.items()},
    )


def _common(connection: sqlite3.Connection, model: str | None, limit: int) -> list[str]:
    """The kins that this model makes most often, and those that are made most often at all."""
    if limit < 1:
        return []
    known = kept(connection, "common kins")
    if (model, limit) in known:
        return list(known[model, limit])
    # By way of the patterns, of which there is an order already: adding up all kins would read every row.
    found = connection.execute(
        "SELECT kin FROM patterns WHERE kin <> '' ORDER BY frequency DESC, last_seen DESC LIMIT ?", (2 * limit,)
    ).fetchall()
    if model is not None:
        found += connection.execute(
            "SELECT name FROM attempts WHERE kind = 'kin' AND model = ? ORDER BY count DESC, name LIMIT ?",
            (storable(model), limit),
        ).fetchall()
    known[model, limit] = [row[0] for row in found]
    return list(known[model, limit])


def _counts(connection: sqlite3.Connection, kind: str, names: Sequence[str]) -> dict[str, Counts]:
    known = kept(connection, f"attempts of {kind}")
    new = [name for name in names if name not in known]
    if new:
        _read_counts(connection, kind, new, known)
    return {name: known[name] for name in in_order(names) if known[name] is not None}


def _read_counts(
    connection: sqlite3.Connection, kind: str, names: Sequence[str], known: dict[str, Counts | None]
) -> None:
    models: dict[str, dict[str, int]] = {}
    statement = f"SELECT name, model, count FROM attempts WHERE kind = '{kind}' AND name IN ({{}})"
    for name, model, count in in_chunks(connection, statement, names):
        models.setdefault(name, {})[model] = count
    requests = {}
    if kind == "kin":
        statement = "SELECT name, count FROM attempts WHERE kind = 'requests' AND name IN ({})"
        requests = dict(in_chunks(connection, statement, names))
    known.update(dict.fromkeys(names))
    known.update({name: Counts(models=told, requests=requests.get(name, 0)) for name, told in models.items()})
