"""Erasing and measuring, in the real file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from pytest_llmlearn import Memory, Occurrence
from pytest_llmlearn.adapters.one_at_a_time import LockFile
from pytest_llmlearn.adapters.sqlite_store import SqliteStore, erasing, measuring
from pytest_llmlearn.app.audit import audit, secrets
from pytest_llmlearn.domain.entry import Entry
from pytest_llmlearn.domain.redaction import redact
from pytest_llmlearn.errors import StoreUnavailable, UnknownPattern
from tests.builders import a_fingerprint, a_generation, a_held, a_run, an_entry, at

WORD = "zebraquokka"
"""Stands in all that is to be forgotten."""

NO_TEXT = {
    "runs": {"run_id", "started", "finished", "commit_id", "python", "state"},
    "patterns": {
        "fingerprint", "symbol_key", "rule_id", "category", "severity", "state", "first_seen", "last_seen", "word",
        "retired", "renewed", "state_since", "words", "committed",
    },
    "folded_runs": {"run_id", "finished"},
    "pattern_symbols": {"symbol"},
    "pattern_models": {"model", "category"},
    "occurrence_codes": {"unit_hash"},
    "occurrences": {"phase", "source", "time", "rule_id", "severity", "provenance", "scope", "chosen_by"},
    "held": {"digest", "kind", "added"},
    "generations": {
        "generation_id", "time", "operation", "complexity", "measured", "before", "after", "unit_after", "guidance",
        "way", "commit_id", "run",
    },
    "exposed_files": {"time"},
    "remembered_words": {"key"},
    "tests": {"green", "red"},
    "fixes": {"digest"},
    "healings": {"verdict", "red_hash", "green_hash", "red_commit", "green_commit", "way", "time"},
    "lesson_versions": {"time"},
    "exposures": {"time", "channel", "text_digest", "outcome", "judged", "run"},
    "exposed_texts": {"digest", "pieces"},
    "promotions": {
        "unit_low", "unit_high", "code_low", "code_high", "session_low", "session_high", "earliest", "latest",
        "pause_from", "pause_to",
    },
    "prompts": {"words", "last_asked"},
    "pattern_prompts": {"last_seen"},
    "attempts": {"kind"},
    "embedders": {"name"},
    "facets": {"kind"},
    "matchers": {"key", "rule_id", "kind", "origin"},
    "matcher_codes": {"code"},
}  # fmt: skip
"""Columns of text that hold ids, digests, times, words of our own, and copies of what is measured elsewhere."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path, clock=lambda: at(days=1))
    yield made
    made.close()


def raw(root: Path) -> sqlite3.Connection:
    return sqlite3.connect(root / ".llmlearn" / "state" / "memory.db", isolation_level=None)


def told(fingerprint: str = "1:aaaa", word: str = WORD, **changes: object) -> Entry:
    """An entry in which the word stands wherever a word can stand."""
    values: dict[str, object] = {
        "nodeid": f"tests/test_{word}.py::test_{word}",
        "message": f"{word} failed",
        "path": f"app/{word}.py",
        "function": word,
        "statement": f"{word}()",
        "unit": f"app.{word}:{word}",
        "symbols": (f"{word}.call",),
        "lesson": f"Do not call {word}.",
        "snippet": f"def {word}():",
        "words": word,
        "contexts": (word,),
        "task": word,
        "kin": f"{word}Error:{word} of 'Q'",
        "prompt": f"write the function {word}",
        "held": (a_held(f"b2:{word}", path=f"app/{word}.py", qualname=word, text=f"def {word}(): pass\n"),),
        **changes,
    }
    return an_entry(a_fingerprint(fingerprint), **values)


def holding(root: Path, word: str) -> list[str]:
    """The files of the memory in whose bytes the word stands, in whatever case."""
    files = [path for path in (root / ".llmlearn").rglob("*") if path.is_file()]
    return [path.name for path in files if word.encode() in path.read_bytes().lower()]


def test_a_forgotten_pattern_is_nowhere_in_the_bytes(store: SqliteStore, tmp_path: Path) -> None:
    """Rows of every table, texts, tests, words of the index and of people; what belongs to others stays."""
    store.record(a_run(), [told(), an_entry("1:bbbb")])
    with closing(raw(tmp_path)) as db:
        (pattern,) = db.execute("SELECT id FROM patterns WHERE fingerprint = '1:aaaa'").fetchone()
        (text,) = db.execute("SELECT id FROM occurrence_texts WHERE text LIKE ?", (f"%{WORD} failed%",)).fetchone()
        values = (pattern, "b2:1", text, text, WORD, WORD, WORD)
        db.execute(
            """INSERT INTO fixes (pattern, digest, bad_id, good_id, signature, imports, difference)
               VALUES (?, ?, ?, ?, ?, ?, ?)""",
            values,
        )
        db.execute(
            'INSERT INTO lesson_versions (pattern, version, time, "when") VALUES (?, 1, ?, ?)', (pattern, "", WORD)
        )
        db.execute("INSERT INTO remembered_words VALUES ('shown 1:aaaa', ?)", (WORD,))
        db.execute(
            """INSERT INTO exposures (pattern, time, channel, path, text_digest, shown, propensity)
               VALUES (?, '', 'hook', ?, ?, 1, 1)""",
            (pattern, WORD, WORD),
        )
        db.execute("INSERT INTO exposed_texts VALUES (?, '')", (WORD,))
    assert holding(tmp_path, WORD)
    erased = store.upkeep().forget("1:aaaa")
    assert (erased.patterns, erased.occurrences, erased.moved_aside) == (1, 1, ())
    assert holding(tmp_path, WORD) == []
    assert store.matching("1:aaaa") == [] and store.search([WORD], [], 5) == []
    assert [hit.pattern.fingerprint for hit in store.search(["check"], [], 5)] == ["1:bbbb"]
    assert len(store.occurrences()) == 1


def test_what_was_merged_into_it_is_forgotten_with_it(store: SqliteStore, tmp_path: Path) -> None:
    """A text that another pattern needs too stays for that one."""
    store.record(a_run(), [told(), told("1:bbbb", "childword"), an_entry("1:cccc", message=f"{WORD} failed")])
    store.merge("1:aaaa", "1:bbbb")
    assert store.upkeep().forget("1:aaaa").patterns == 2
    assert holding(tmp_path, "childword") == []
    assert [row["message"] for row in store.occurrences()] == [f"{WORD} failed"]


def test_forgetting_what_is_not_there_makes_nothing(store: SqliteStore, tmp_path: Path) -> None:
    """Neither a store, nor a change to one."""
    with pytest.raises(UnknownPattern):
        store.upkeep().forget("1:aaaa")
    assert not (tmp_path / ".llmlearn").exists()
    store.record(a_run(), [an_entry()])
    with pytest.raises(UnknownPattern):
        store.upkeep().forget("1:aa")
    assert len(store.patterns()) == 1


def test_damaged_files_that_may_hold_it_too_are_named(store: SqliteStore, tmp_path: Path) -> None:
    """They are not read, and not deleted."""
    store.record(a_run(), [an_entry()])
    aside = tmp_path / ".llmlearn" / "state" / "memory.db.damaged-20260101T000000Z"
    aside.write_text("x", encoding="ascii")
    assert store.upkeep().forget("1:aaaa").moved_aside == (aside.name,)
    assert aside.exists()


def test_bytes_that_another_process_reads_are_told(tmp_path: Path) -> None:
    """The rows are gone; the sentence says what remains."""
    store = SqliteStore(tmp_path, busy_seconds=0.1, clock=lambda: at(days=1))
    store.record(a_run(), [an_entry()])
    with closing(raw(tmp_path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM patterns").fetchone()
        with pytest.raises(StoreUnavailable):
            store.upkeep().forget("1:aaaa")
        reader.execute("ROLLBACK")
    assert store.patterns() == []
    store.close()


def test_erasing_everything_leaves_no_row_in_any_table(store: SqliteStore, tmp_path: Path) -> None:
    """Whatever step made the table."""
    store.record(a_run(), [told()])
    store.ledger().add([a_generation()])
    store.clear()
    with closing(raw(tmp_path)) as db:
        counted = {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in erasing.tables(db)}
    assert len(counted) > 15 and set(counted.values()) == {0}


def test_every_column_of_text_is_measured_or_known_to_hold_none(store: SqliteStore, tmp_path: Path) -> None:
    """A new column must be put into one of the two tables."""
    store.record(a_run(), [an_entry()])
    with closing(raw(tmp_path)) as db:
        for table in erasing.tables(db):
            texts = {row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[2] == "TEXT"}
            measured = set(measuring.TEXTS.get(table, ()))
            assert texts == measured | NO_TEXT.get(table, set()), table


def test_a_secret_that_was_stored_is_found_and_not_quoted(store: SqliteStore) -> None:
    """By table and column; within lists too."""
    token = "gh" + "p_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    store.record(a_run(), [an_entry(message=f"token {token}", symbols=(token,)), an_entry("1:bbbb")])
    found = secrets(store.upkeep(), redact)
    assert found == {"occurrence_texts.text": 1, "patterns.symbols": 1}
    assert token not in repr(audit(store.upkeep(), redact, at(days=1)))


def test_what_was_redacted_before_it_was_stored_is_no_leak(tmp_path: Path) -> None:
    """What stands in place of a secret is none, however it is stored."""
    token = "gh" + "p_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    failure = {
        "nodeid": "tests/test_api.py::test_login[robin@example.org]",
        "when": "call",
        "exception": "ValueError",
        "mro": ["ValueError", "Exception"],
        "message": f"401 for https://robin:hunter2secret@example.org/?token={token} from 192.0.2.17",
        "path": "api.py",
        "line": 3,
        "function": "login",
        "statement": f'raise ValueError("{token}")',
        "code": f'def login():\n    password = "hunter2secret"\n    raise ValueError("{token}")\n',
    }
    with Memory.open(tmp_path) as memory:
        memory.record([Occurrence.from_dict(failure)])
        assert memory.audit().secrets == {}


def test_an_audit_of_a_real_store(store: SqliteStore) -> None:
    """Rows, sizes and shares come from the file; merged patterns are none of their own."""
    entries = [an_entry(a_fingerprint(f"1:{number}", "same"), unit_hash=str(number)) for number in range(4)]
    store.record(a_run(), entries)
    store.merge("1:0", "1:1")
    found = audit(store.upkeep(), redact, at(days=1))
    assert (found.patterns, found.duplicates, found.leaks) == (3, 2, 0)
    assert found.bytes == store.statistics().bytes
    sizes = {size.table: size for size in found.sizes}
    assert sizes["patterns"].rows == 4 and (sizes["patterns"].bytes or 0) > 0
    assert store.upkeep().alike() == [("symbol", ["1:0", "1:2", "1:3"])]


def test_an_audit_of_nothing_makes_nothing(store: SqliteStore, tmp_path: Path) -> None:
    """Nor does it fail."""
    assert audit(store.upkeep(), redact, at()).patterns == 0
    assert not (tmp_path / ".llmlearn").exists()


def test_patterns_with_the_same_fix_may_be_one(store: SqliteStore, tmp_path: Path) -> None:
    """Of one category; those that are found by their symbols are named once."""
    store.record(a_run(), [an_entry("1:aaaa"), an_entry("1:bbbb", time=at(1)), an_entry("1:cccc", rule_id="logic.x")])
    with closing(raw(tmp_path)) as db:
        db.execute(
            """INSERT INTO fixes (pattern, digest, bad_id, good_id, signature, imports, difference)
               SELECT id, 'b2:same', message_id, message_id, '', '[]', '' FROM patterns"""
        )
    assert store.upkeep().alike() == [("fix", ["1:aaaa", "1:bbbb"])]


def test_the_index_is_made_one_piece_when_it_lies_in_many(store: SqliteStore) -> None:
    """That of requests too; and finds what it found before."""
    for number in range(12):
        entry = an_entry(f"1:{number:04d}", words=f"word{number}", prompt=f"write {chr(97 + number) * 4}")
        store.record(a_run(f"run-{number}"), [entry])
    upkeep = store.upkeep()
    while upkeep.unmerged(merge=False):
        upkeep.unmerged(merge=True)
    assert [hit.pattern.fingerprint for hit in store.search(["word7"], [], 5)] == ["1:0007"]
    assert len(store.requests().like(b"", ["hhhh"], (), 5)) == 1


def test_unanswered_exposures_are_counted_by_their_age(store: SqliteStore, tmp_path: Path) -> None:
    """Judged ones are not."""
    store.record(a_run(), [an_entry()])
    with closing(raw(tmp_path)) as db:
        for outcome in (None, "avoided"):
            db.execute(
                """INSERT INTO exposures (pattern, time, channel, shown, propensity, outcome)
                   SELECT id, ?, 'hook', 1, 1, ? FROM patterns""",
                (at().isoformat(timespec="microseconds"), outcome),
            )
    assert store.upkeep().unanswered(at() + timedelta(seconds=1)) == 1
    assert store.upkeep().unanswered(at()) == 0


def test_a_lock_is_held_by_one_and_let_go(tmp_path: Path) -> None:
    """A second holder is told so at once; a file that a dead process left is no lock."""
    path = tmp_path / "maintain.lock"
    path.touch()
    with LockFile(path).held() as first, LockFile(path).held() as second:
        assert first and not second
    with LockFile(path).held() as again:
        assert again
