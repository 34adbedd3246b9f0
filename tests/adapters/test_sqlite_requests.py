"""Requests in the real file: how an older one gets them, and how they go."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters import migrations
from pytest_llmlearn.adapters.sqlite_store import SqliteStore, folder
from pytest_llmlearn.domain import request
from pytest_llmlearn.domain.request import Counts
from tests.builders import a_run, an_entry, at

KEY = "KeyError:'Q'"
STACK = "write a stack"


class MovedByHand:
    now = at(5)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> MovedByHand:
    return MovedByHand()


@pytest.fixture
def store(tmp_path: Path, clock: MovedByHand) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path, clock=clock)
    yield made
    made.close()


def raw(root: Path) -> sqlite3.Connection:
    return sqlite3.connect(root / ".llmlearn" / "state" / "memory.db", isolation_level=None)


def fail(store: SqliteStore, run: str, fingerprint: str = "1:aaaa", **changes: Any) -> None:
    values: dict[str, Any] = {"source": "handed-in", "kin": KEY, "unit_hash": run, "prompt": STACK}
    store.record(a_run(run), [an_entry(fingerprint, **{**values, **changes})])


def counted(root: Path) -> set[tuple[str, str, str, int]]:
    with closing(raw(root)) as db:
        return set(db.execute("SELECT kind, name, model, count FROM attempts"))


def known(store: SqliteStore, text: str) -> tuple[int, int] | None:
    """How often a request was attempted, and how often that failed."""
    found = store.requests().like(request.digest_of(text), (), (), 0)
    return (found[0].attempts, found[0].failed) if found else None


def test_what_an_older_version_recorded_has_its_kin_and_is_counted(tmp_path: Path) -> None:
    """Each code in which a mistake was counted was one attempt of its model; no request is known."""
    from sqlite_utils import Database

    folder.make(tmp_path)
    with pytest.MonkeyPatch.context() as patch, closing(raw(tmp_path)) as connection:
        patch.setattr(migrations, "STEPS", migrations.STEPS[:7])
        connection.execute("BEGIN")
        migrations.migrate(Database(connection))
        connection.execute("COMMIT")
        assert migrations.found(connection)[0] == 7
    with closing(raw(tmp_path)) as db:
        db.executescript(
            """
            INSERT INTO occurrence_texts VALUES (1, x'01', '''total'''), (2, x'02', 'assert 1 == 2'), (3, x'03', '[]');
            INSERT INTO patterns (id, fingerprint, symbol_key, rule_id, category, severity, exception, message_id,
                lesson, frequency, raw_count, first_seen, last_seen, symbols, unit, bad_id, words)
            SELECT column1, column2, column2, column3, 'logic', 'major', column4, column5, 'A lesson.', column6, 3,
                '2026-01-01T00:00:00.000000+00:00', '2026-01-01T00:00:00.000000+00:00', '[]', 'm:f', 1, 'load user'
            FROM (VALUES (1, '1:key', 'type.missing-key', 'KeyError', 1, 3),
                         (2, '1:assert', 'logic.assertion-mismatch', 'AssertionError', 2, 1),
                         (3, '1:never', 'type.missing-key', 'KeyError', 1, 0));
            INSERT INTO pattern_models (pattern, model, category, count) VALUES
                (1, 'model-a', 'type', 2), (1, 'model-b', 'type', 1), (2, 'model-a', 'logic', 1),
                (3, 'model-a', 'type', 0);
            INSERT INTO runs (id, run_id, project, started, finished, command, exit_status, passed, failed, python)
                VALUES (1, 'r', '', '2026', '2026', '', 1, 0, 1, '');
            INSERT INTO occurrence_codes (id, pattern, unit, unit_hash, counted) VALUES (1, 2, 'm:f', 'h', 1);
            INSERT INTO occurrences (run, pattern, code, nodeid, phase, source, time, exception, message_id, snippet_id,
                rule_id, severity, findings_id, model, provenance, confidence, scope, chosen_by, flaky, stub, promotes)
            VALUES (1, 2, 1, 't.py::test_add_7[x]', 'call', 'test', '2026', 'AssertionError', 2, 1,
                'logic.assertion-mismatch', 'major', 3, 'model-a', 'ai', 1, 'generated', 'frame', 0, 0, 0);
            """
        )
    store = SqliteStore(tmp_path)
    kins = {pattern.fingerprint: pattern.kin for pattern in store.patterns()}
    assert kins == {"1:key": KEY, "1:assert": "assert:test_add", "1:never": KEY}
    requests = store.requests()
    assert requests.rarity(["stack"])[0] == 0
    found = requests.experience([], [KEY, "assert:test_add"], "model-a", common=5)
    assert found.everything.models == {"model-a": 3, "model-b": 1}
    assert found.kins == {
        KEY: Counts(models={"model-a": 2, "model-b": 1}),
        "assert:test_add": Counts(models={"model-a": 1}),
    }
    assert found.exceptions["KeyError"].attempts == 3 and found.exceptions["assert"].attempts == 1
    fail(store, "new")
    assert known(store, STACK) == (1, 1)
    store.close()
    with closing(raw(tmp_path)) as db:
        assert migrations.found(db) == (migrations.known(), [])
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_what_was_counted_of_a_forgotten_kin_goes_with_its_last_pattern(store: SqliteStore, tmp_path: Path) -> None:
    """As long as another pattern has it, it stays; how often was tried at all stays always."""
    fail(store, "one", "1:aaaa", kin="OddError:of a kind")
    fail(store, "two", "1:bbbb", kin="OddError:of a kind")
    fail(store, "three", "1:cccc", kin="OddError:of another kind")
    store.upkeep().forget("1:aaaa")
    assert ("kin", "OddError:of a kind", "model-a", 2) in counted(tmp_path)
    store.upkeep().forget("1:bbbb")
    left = counted(tmp_path)
    assert not any(name == "OddError:of a kind" for _, name, _, _ in left)
    assert {("exception", "OddError", "model-a", 3), ("all", "", "model-a", 3)} <= left
    store.upkeep().forget("1:cccc")
    assert counted(tmp_path) == {("all", "", "model-a", 3)}


def test_a_request_goes_with_the_last_pattern_that_was_made_under_it(store: SqliteStore) -> None:
    """One that never failed is not the forgotten pattern's, and stays."""
    fail(store, "one", "1:aaaa")
    fail(store, "two", "1:bbbb")
    store.requests().passed([("write a queue", "model-a"), (STACK, "model-a")])
    store.upkeep().forget("1:aaaa")
    assert known(store, STACK) == (3, 2)
    store.upkeep().forget("1:bbbb")
    assert known(store, STACK) is None and known(store, "write a queue") == (1, 0)
    assert store.requests().rarity(["stack", "queue"])[1].get("stack", 0) == 0


def test_requests_are_kept_as_long_as_other_texts(store: SqliteStore, tmp_path: Path, clock: MovedByHand) -> None:
    """From when they were asked last; the words of them leave the disk, and the counts of kins stay."""
    fail(store, "one", prompt="about zebraquokka")
    fail(store, "two", "1:bbbb")
    before = counted(tmp_path)
    clock.now = at(days=20)
    fail(store, "three", "1:bbbb")
    upkeep = store.upkeep()
    assert upkeep.told_before(at(days=10), erase=True) > 0 == upkeep.told_before(at(days=10), erase=False)
    assert known(store, "about zebraquokka") is None and known(store, STACK) == (2, 2)
    upkeep.compact()
    files = [path for path in (tmp_path / ".llmlearn").rglob("*") if path.is_file()]
    assert not any(b"zebraquokka" in path.read_bytes() for path in files)
    assert {row[:3] for row in before} <= {row[:3] for row in counted(tmp_path)}
    assert [made.request for made in store.requests().experience(["prompt:00"], [KEY], None, common=5).made] == []


def test_a_kin_that_its_pattern_left_is_counted_no_more_once_something_is_erased(
    store: SqliteStore, tmp_path: Path
) -> None:
    """What a pattern is kin to is what its latest failure says."""
    fail(store, "one", kin="OldError:x")
    fail(store, "two", kin="NewError:x", time=at(1))
    fail(store, "three", "1:bbbb", prompt=None)
    store.upkeep().forget("1:bbbb")
    assert {name for kind, name, _, _ in counted(tmp_path) if kind == "kin"} == {"NewError:x"}
