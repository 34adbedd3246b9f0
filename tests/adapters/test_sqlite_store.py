"""The SQLite store on a real disk: its folder, its file, other processes, and what goes wrong."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pytest_llmlearn.adapters import migrations
from pytest_llmlearn.adapters.sqlite_store import SqliteStore, folder
from pytest_llmlearn.app.ports import Store
from pytest_llmlearn.domain.entry import FindingRow
from pytest_llmlearn.domain.finding import CATEGORIES, SCOPES, SEVERITIES
from pytest_llmlearn.domain.occurrence import SOURCES
from pytest_llmlearn.domain.pattern import STATES
from pytest_llmlearn.errors import StoreDamaged, StoreTooNew, StoreUnavailable
from tests.builders import a_held, a_run, an_entry, at

PROJECT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(os.name != "posix", reason="modes and locks of POSIX")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path, busy_seconds=5, clock=at)
    yield made
    made.close()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return folder.database_path(tmp_path)


def files(root: Path) -> set[str]:
    """Every file and folder below, relative."""
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}


def in_another_process(code: str, root: Path, preexec_fn: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    """Starts Python with the store's module and the builders at hand, and `root` to work on."""
    head = """
        import sys
        from pathlib import Path
        from pytest_llmlearn.adapters.sqlite_store import SqliteStore
        from pytest_llmlearn.errors import *
        from tests.builders import *
        root = Path(sys.argv[1])
        store = SqliteStore(root, busy_seconds=30)
        """
    text = textwrap.dedent(head) + textwrap.dedent(code)
    return subprocess.Popen(
        [sys.executable, "-c", text, str(root)],
        cwd=PROJECT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=preexec_fn,
    )


def said(process: subprocess.Popen[str]) -> str:
    """What the process printed, once it ended well."""
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    return out


def test_it_is_a_store(tmp_path: Path) -> None:
    """As the use cases ask for it; mypy reads this too."""
    store: Store = SqliteStore(tmp_path)
    assert store.statistics().schema == str(migrations.known())


# The folder


def test_reading_makes_nothing(store: SqliteStore, tmp_path: Path) -> None:
    """Nor does clearing what is not there."""
    store.patterns()
    store.search(["load"], [], 5)
    store.statistics()
    store.clear()
    assert files(tmp_path) == set()


def test_recording_makes_the_folder_whole(store: SqliteStore, tmp_path: Path) -> None:
    """Its explanation, what git shall see of it, and the private part; no tag by which backups leave it out."""
    store.record(a_run(), [an_entry()])
    store.close()
    made = files(tmp_path)
    assert made == {
        ".llmlearn",
        ".llmlearn/README.md",
        ".llmlearn/.gitignore",
        ".llmlearn/state",
        ".llmlearn/state/.gitignore",
        ".llmlearn/state/memory.db",
    }
    ignored = (tmp_path / ".llmlearn/.gitignore").read_text(encoding="utf-8")
    first, *kept = ignored.splitlines()
    assert first == "*"
    committed = {"!.gitattributes", "!.gitignore", "!README.md", "!baseline.json", "!lessons.jsonl", "!marks.jsonl"}
    assert {*kept} == committed | {"!rules/", "!rules/**", "!traces.jsonl"}
    assert "state/" in (tmp_path / ".llmlearn/README.md").read_text(encoding="utf-8")


@posix
def test_only_the_owner_can_read_the_private_part(store: SqliteStore, tmp_path: Path) -> None:
    """The files that SQLite keeps beside the database included; a folder that was restored open is closed again."""
    (tmp_path / ".llmlearn/state").mkdir(parents=True, mode=0o755)
    old = os.umask(0o022)
    try:
        store.record(a_run(), [an_entry()])
    finally:
        os.umask(old)
    state = tmp_path / ".llmlearn/state"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in state.iterdir()}
    assert modes == {".gitignore": 0o600, "memory.db": 0o600, "memory.db-wal": 0o600, "memory.db-shm": 0o600}
    assert stat.S_IMODE((tmp_path / ".llmlearn/README.md").stat().st_mode) & 0o044


def test_what_the_user_changed_is_left_alone(store: SqliteStore, tmp_path: Path) -> None:
    """As a checkout has it: the committed files without the private part."""
    folder_ = tmp_path / ".llmlearn"
    folder_.mkdir()
    (folder_ / ".gitignore").write_text("mine\n", encoding="utf-8")
    (folder_ / "lessons.jsonl").write_text("{}\n", encoding="utf-8")
    store.record(a_run(), [an_entry()])
    assert (folder_ / ".gitignore").read_text(encoding="utf-8") == "mine\n"
    assert (folder_ / "lessons.jsonl").read_text(encoding="utf-8") == "{}\n"
    assert (folder_ / "README.md").exists()


def test_git_sees_only_what_is_to_be_committed(store: SqliteStore, tmp_path: Path) -> None:
    """Not the memory, and no half-made folder."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    store.record(a_run(), [an_entry()])
    (tmp_path / ".llmlearn/lessons.jsonl").write_text("{}\n", encoding="utf-8")
    status = ["git", "status", "--porcelain", "--untracked-files=all"]
    seen = subprocess.run(status, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.split()
    assert set(seen) - {"??"} == {".llmlearn/.gitignore", ".llmlearn/README.md", ".llmlearn/lessons.jsonl"}


def test_a_file_in_the_folders_place_costs_the_learning_only(store: SqliteStore, tmp_path: Path) -> None:
    """It is said, it is not overwritten, and nothing half-made stays."""
    (tmp_path / ".llmlearn").write_text("a file", encoding="utf-8")
    with pytest.raises(StoreUnavailable):
        store.record(a_run(), [an_entry()])
    assert files(tmp_path) == {".llmlearn"}


def test_a_store_that_is_removed_meanwhile_is_made_again(store: SqliteStore, tmp_path: Path, database: Path) -> None:
    """A long-lived process does not go on writing into a deleted file."""
    import shutil

    store.record(a_run("run-1"), [an_entry()])
    assert len(store.patterns()) == 1
    shutil.rmtree(tmp_path / ".llmlearn")
    assert store.patterns() == []
    store.record(a_run("run-2"), [an_entry("1:bbbb")])
    assert [pattern.fingerprint for pattern in store.patterns()] == ["1:bbbb"]
    assert database.exists()


# The schema


def columns(database: Path, table: str) -> set[str]:
    with closing(sqlite3.connect(database)) as connection:
        return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}


def test_the_tables_hold_what_patterns_and_occurrences_need(store: SqliteStore, database: Path) -> None:
    """The columns by which later features count."""
    store.record(a_run(), [an_entry()])
    assert columns(database, "patterns") >= {
        "id", "fingerprint", "category", "severity", "frequency", "raw_count", "first_seen", "last_seen", "fix_applied",
        "user_corrections", "test_failures", "security_findings", "archived", "state",
    }  # fmt: skip
    assert columns(database, "occurrence_rows") >= {"id", "project", "path", "line", "snippet", "message", "time"}
    assert columns(database, "pattern_models") >= {"pattern", "model", "category"}


@pytest.mark.parametrize(
    ("question", "index"),
    [
        ("SELECT pattern FROM pattern_models WHERE model = 'm' AND category = 'type'", "pattern_models_by_model"),
        ("SELECT * FROM patterns ORDER BY frequency DESC LIMIT 5", "patterns_by_frequency"),
        ("SELECT * FROM patterns WHERE category = 'type' ORDER BY frequency DESC LIMIT 5", "patterns_by_category"),
        ("SELECT * FROM occurrences WHERE pattern = 1 ORDER BY time", "occurrences_by_pattern"),
        ("SELECT * FROM occurrences WHERE nodeid = 't'", "occurrences_by_test"),
        ("SELECT * FROM patterns WHERE fingerprint = '1:a'", "sqlite_autoindex_patterns"),
    ],
)
def test_what_is_often_asked_has_an_index(store: SqliteStore, database: Path, question: str, index: str) -> None:
    """And SQLite uses it, without sorting."""
    store.record(a_run(), [an_entry()])
    with closing(sqlite3.connect(database)) as connection:
        plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {question}"))
    assert index in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    ("table", "column", "allowed"),
    [
        ("patterns", "category", CATEGORIES),
        ("patterns", "severity", SEVERITIES),
        ("patterns", "state", STATES),
        ("occurrences", "severity", SEVERITIES),
        ("occurrences", "scope", SCOPES),
        ("occurrences", "source", SOURCES),
        ("occurrences", "phase", ("collect", "setup", "call", "teardown")),
    ],
)
def test_the_database_itself_knows_the_words(
    store: SqliteStore, database: Path, table: str, column: str, allowed: tuple[str, ...]
) -> None:
    """Each word of the domain is taken, and no other: the steps of the schema cannot fall behind it."""
    store.record(a_run(), [an_entry()])
    store.close()
    with closing(sqlite3.connect(database)) as connection:
        for word in allowed:
            connection.execute(f"UPDATE {table} SET {column} = ?", (word,))
        with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
            connection.execute(f"UPDATE {table} SET {column} = 'nonsense'")


def test_no_occurrence_without_its_pattern(store: SqliteStore, database: Path) -> None:
    """And none is left when its pattern goes."""
    store.record(a_run(), [an_entry(held=(a_held(),))])
    store.close()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            connection.execute("UPDATE occurrences SET pattern = 99")
        connection.execute("DELETE FROM patterns")
        for table in ("occurrences", "occurrence_codes", "pattern_models", "pattern_symbols", "held_by_occurrence"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
        assert connection.execute("SELECT count(*) FROM pattern_words WHERE pattern_words MATCH 'row'").fetchone() == (
            0,
        )


def test_counters_tell_failing_tests_from_security_findings(store: SqliteStore, database: Path) -> None:
    """And a recurrence takes back that it was fixed or archived."""
    store.record(a_run("run-1"), [an_entry(), an_entry()])
    store.record(a_run("run-2"), [an_entry("1:s", rule_id="security.sql-injection")])
    with closing(sqlite3.connect(database)) as connection:
        counts = "SELECT test_failures, security_findings, user_corrections FROM patterns ORDER BY id"
        assert connection.execute(counts).fetchall() == [(2, 0, 0), (0, 1, 0)]
        connection.execute("UPDATE patterns SET fix_applied = 1, archived = 1")
        connection.commit()
    assert store.search(["iterat"], ["sqlite3.fetchall"], 5) == []
    store.record(a_run("run-3"), [an_entry()])
    with closing(sqlite3.connect(database)) as connection:
        flags = "SELECT fix_applied, archived FROM patterns ORDER BY id"
        assert connection.execute(flags).fetchall() == [(0, 0), (1, 1)]
    assert len(store.search(["iterat"], [], 5)) == 1


def test_every_change_moves_the_revision_once(store: SqliteStore, database: Path) -> None:
    """Indexes and caches age by it; a run that was there already changes nothing."""

    def revision() -> int:
        with closing(sqlite3.connect(database)) as connection:
            return int(connection.execute("SELECT revision FROM store").fetchone()[0])

    store.record(a_run("run-1"), [an_entry(), an_entry("1:b")])
    first = revision()
    store.record(a_run("run-1"), [an_entry()])
    assert revision() == first
    store.record(a_run("run-2"), [an_entry(), an_entry()])
    assert revision() == first + 1
    store.say("1:b", "wrong")
    assert revision() == first + 2
    store.clear()
    assert revision() == first + 3


def test_repeated_texts_are_written_once(store: SqliteStore, database: Path) -> None:
    """A test that fails every day costs a row, not its message again."""
    for number in range(20):
        store.record(a_run(f"run-{number}"), [an_entry(message="long message " * 20)])
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM occurrences").fetchone() == (20,)
        assert connection.execute("SELECT count(*) FROM occurrence_texts").fetchone()[0] <= 4


def test_what_is_answered_can_be_written_out(store: SqliteStore) -> None:
    """As UTF-8, whatever went in: lone surrogates and NUL come back as escapes."""
    text = "\ud800 and \0"
    finding = FindingRow(rule_id="type.none-value", severity="major", line=1, confidence=0.5, detail=text)
    store.record(a_run(), [an_entry(message=text, nodeid=text, snippet=text, symbols=(text,), findings=(finding,))])
    (row,) = store.occurrences()
    assert row["message"] == row["findings"][0]["detail"] == "\\ud800 and \\x00"
    assert "\0" not in repr(store.patterns())
    json.dumps(row, ensure_ascii=False).encode()


def test_no_home_folder_is_written(store: SqliteStore, tmp_path: Path) -> None:
    """A run names its project by the folder's name alone."""
    store.record(a_run(), [an_entry()])
    (row,) = store.occurrences()
    store.close()
    assert str(tmp_path.parent).encode() not in folder.database_path(tmp_path).read_bytes()
    assert tmp_path.name not in repr(row)


# Older and newer


def test_an_older_schema_is_brought_up_to_date_with_its_rows(tmp_path: Path, database: Path) -> None:
    """Also by a question: what an older version wrote is searchable for this one."""
    from sqlite_utils import Database

    folder.make(tmp_path)
    with closing(sqlite3.connect(database)) as connection:
        db = Database(connection)
        first = migrations.STEPS[:1]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(migrations, "STEPS", first)
            migrations.migrate(db)
        connection.executescript(
            """
            INSERT INTO occurrence_texts VALUES (1, x'00', 'a message');
            INSERT INTO patterns (fingerprint, symbol_key, rule_id, category, severity, exception, message_id, lesson,
                frequency, raw_count, first_seen, last_seen, symbols, unit, bad_id, words)
            VALUES ('1:old', 's', 'type.none-value', 'type', 'major', 'TypeError', 1, 'A lesson.', 1, 1,
                '2026-01-01T00:00:00.000000+00:00', '2026-01-01T00:00:00.000000+00:00', '["numpy.asscalar"]', 'm:f', 1,
                'load user');
            """
        )
        connection.commit()
    store = SqliteStore(tmp_path)
    (hit,) = store.search(["user"], [], 5)
    assert (hit.pattern.fingerprint, hit.pattern.message, hit.pattern.symbols) == (
        "1:old",
        "a message",
        ("numpy.asscalar",),
    )
    assert [hit.pattern.fingerprint for hit in store.search([], ["asscalar"], 5)] == ["1:old"]
    store.close()
    with closing(sqlite3.connect(database)) as connection:
        assert migrations.found(connection) == (migrations.known(), [])


@pytest.mark.parametrize("sign", ["number", "step"])
@pytest.mark.parametrize("deed", ["read", "record", "clear"])
def test_a_newer_schema_is_left_alone(tmp_path: Path, database: Path, sign: str, deed: str) -> None:
    """Refused with both versions named; not a byte of it changes."""
    store = SqliteStore(tmp_path)
    store.record(a_run(), [an_entry()])
    store.close()
    with closing(sqlite3.connect(database)) as connection:
        if sign == "number":
            connection.execute(f"PRAGMA user_version = {migrations.known() + 7}")
        else:
            connection.execute(
                "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, 'm999_future', '')",
                (migrations.SET,),
            )
        connection.commit()
    before = database.read_bytes()
    deeds: dict[str, Callable[[], object]] = {
        "read": store.patterns,
        "record": lambda: store.record(a_run("run-2"), [an_entry()]),
        "clear": store.clear,
    }
    with pytest.raises(StoreTooNew, match=f"knows {migrations.known()}"):
        deeds[deed]()
    store.close()
    assert database.read_bytes() == before
    assert not folder.moved_aside(database)


# Damage


def spoil(database: Path, how: str) -> bytes:
    """Damages the file in one of several ways; returns what it holds then."""
    content = database.read_bytes()
    spoilt = {
        "no database": b"this is no database at all " * 200,
        "half of it": content[: len(content) // 2 // 4096 * 4096],
        "an odd end": content[: len(content) - 4096 - 17],
        "a spoilt header": b"\0" * 100 + content[100:],
        "spoilt pages": content[:4096] + b"\xff" * (len(content) - 4096),
    }[how]
    database.write_bytes(spoilt)
    return spoilt


@pytest.mark.parametrize("how", ["no database", "half of it", "an odd end", "a spoilt header", "spoilt pages"])
def test_a_damaged_database_is_moved_aside_and_said_so(store: SqliteStore, database: Path, how: str) -> None:
    """Nothing of it is deleted, and the new run is recorded in a new one."""
    store.record(a_run("run-1"), [an_entry(f"1:{number}") for number in range(50)])
    store.close()
    spoilt = spoil(database, how)
    (counted,) = store.record(a_run("run-2"), [an_entry("1:new")])
    assert counted.after == 1
    (aside,) = (path for path in folder.moved_aside(database) if not path.name.endswith(("-wal", "-shm")))
    assert aside.name == "memory.db.damaged-20260301T120000Z"
    assert aside.read_bytes() == spoilt
    (notice,) = store.notices
    assert aside.name in notice
    assert [pattern.fingerprint for pattern in store.patterns()] == ["1:new"]


def test_a_database_that_lacks_a_table_is_damaged_too(store: SqliteStore, database: Path) -> None:
    """Somebody dropped it: what is left is moved aside, and the next failures are learned."""
    store.record(a_run(), [an_entry()])
    store.close()
    with sqlite3.connect(database) as connection:
        connection.execute("DROP TABLE pattern_symbols")
    store.record(a_run("run-2"), [an_entry("1:bbbb", symbols=("numpy.asscalar",))])
    assert [pattern.fingerprint for pattern in store.patterns()] == ["1:bbbb"]
    assert any("damaged" in notice for notice in store.notices)


def test_a_second_damage_within_the_second_has_its_own_name(store: SqliteStore, database: Path) -> None:
    """Nothing that was moved aside is overwritten."""
    for number in range(3):
        store.record(a_run(f"run-{number}"), [an_entry()])
        store.close()
        spoil(database, "no database")
    store.record(a_run("run-9"), [an_entry()])
    aside = [path.name for path in folder.moved_aside(database) if not path.name.endswith(("-wal", "-shm"))]
    assert len(aside) == 3


def test_reading_a_damaged_database_says_so_and_changes_nothing(store: SqliteStore, database: Path) -> None:
    """Recall answers "nothing" rather than fail; the next recording moves the file aside."""
    store.record(a_run(), [an_entry()])
    store.close()
    spoilt = spoil(database, "no database")
    assert store.patterns() == []
    assert "damaged" in store.notices[0]
    assert database.read_bytes() == spoilt
    assert store.record(a_run("run-2"), [an_entry()])[0].after == 1


def test_damage_that_only_reading_met_is_found_by_the_next_recording(store: SqliteStore, database: Path) -> None:
    """A page that recording would not have touched."""
    store.record(a_run("run-1"), [an_entry(f"1:{number}", words=f"word{number}") for number in range(300)])
    store.close()
    with closing(sqlite3.connect(database)) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'patterns_by_category'").fetchone()[
            0
        ]
    content = bytearray(database.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    database.write_bytes(content)
    assert store.patterns(category="type", limit=3) == []
    assert store.record(a_run("run-2"), [an_entry("1:new")])[0].after == 1
    assert [pattern.fingerprint for pattern in store.patterns()] == ["1:new"]


def test_a_damaged_database_can_be_cleared(store: SqliteStore, tmp_path: Path, database: Path) -> None:
    """Who erases everything means the damaged file too."""
    store.record(a_run(), [an_entry(message="xylophone")])
    store.close()
    spoil(database, "a spoilt header")
    store.clear()
    store.close()
    assert all(b"xylophone" not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert store.patterns() == []


@posix
def test_what_cannot_be_moved_aside_is_an_error(
    store: SqliteStore, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file stays where it is."""
    store.record(a_run(), [an_entry()])
    store.close()
    spoilt = spoil(database, "no database")

    def refuse(path: Path, target: Path) -> None:
        raise PermissionError("not yours")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(StoreDamaged, match="not yours"):
        store.record(a_run("run-2"), [an_entry()])
    assert database.read_bytes() == spoilt


def test_the_database_that_another_process_just_began_is_not_moved(tmp_path: Path, database: Path) -> None:
    """Two find the damage at once; the slower one must not move the faster one's new file."""
    folder.make(tmp_path)
    database.write_bytes(b"old")
    found = folder.identity(database)
    database.rename(database.with_name("elsewhere"))
    database.write_bytes(b"new")
    assert folder.move_aside(database, found, at()) is None
    assert database.read_bytes() == b"new"


# Locked, full, read-only


def test_a_locked_store_is_waited_for_and_then_said_so(tmp_path: Path, database: Path) -> None:
    """Reading goes on meanwhile."""
    store = SqliteStore(tmp_path, busy_seconds=0.2)
    store.record(a_run("run-1"), [an_entry()])
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            store.record(a_run("run-2"), [an_entry()])
        assert len(store.patterns()) == 1
    assert store.record(a_run("run-2"), [an_entry(unit_hash="h2")])[0].after == 2
    store.close()


def test_a_writer_that_ends_in_time_is_waited_for(store: SqliteStore, database: Path) -> None:
    """A run beside a daemon loses nothing."""
    store.record(a_run("run-1"), [an_entry()])
    other = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    soon = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    soon.start()
    assert store.record(a_run("run-2"), [an_entry(unit_hash="h2")])[0].after == 2
    soon.join()
    other.close()


@posix
def test_a_full_disk_costs_the_learning_only(tmp_path: Path) -> None:
    """All or nothing: what was there is there, whole, and nothing of the run that did not fit."""
    first = SqliteStore(tmp_path)
    first.record(a_run("run-1"), [an_entry()])
    first.close()

    def small_disk() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    code = """
        try:
            store.record(a_run("run-2"), [an_entry(f"1:{n}", message=str(n) * 3000) for n in range(400)])
        except StoreUnavailable as error:
            print(error)
        """
    assert "cannot be used now" in said(in_another_process(code, tmp_path, preexec_fn=small_disk))
    assert first.statistics().patterns == 1
    assert first.record(a_run("run-2"), [an_entry("1:b")])[0].after == 1
    first.close()


@posix
@pytest.mark.parametrize("left_open", [False, True], ids=["closed", "with a log of writes"])
def test_a_read_only_store_still_answers(left_open: bool) -> None:
    """Another user, a read-only mount: recall works, recording says why it cannot."""
    # Not below pytest's own folder, which nobody but its owner may enter.
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        store = SqliteStore(root)
        store.record(a_run("run-1"), [an_entry()])
        if not left_open:
            store.close()
        state = folder.database_path(root).parent
        for path in state.iterdir():
            path.chmod(0o444)
        for path in (state, state.parent):
            path.chmod(0o555)
        code = """
            import os, sqlite_utils
            if os.geteuid() == 0:  # root may write anywhere
                os.setgid(65534)
                os.setuid(65534)
            print(len(store.patterns()), len(store.search(["iterat"], [], 5)), len(store.occurrences()))
            try:
                store.record(a_run("run-2"), [an_entry()])
            except StoreUnavailable as error:
                print("unavailable")
            """
        answer = said(in_another_process(code, root))
        store.close()
        for path in (state, state.parent):
            path.chmod(0o755)
        assert answer.split() == ["1", "1", "1", "unavailable"]


@posix
def test_a_store_that_may_not_be_entered_is_unavailable() -> None:
    """Somebody else's private part: said in one sentence, whatever is asked."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        with closing(SqliteStore(root)) as store:
            store.record(a_run("run-1"), [an_entry()])
        code = """
            import os, sqlite_utils
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            else:
                (root / ".llmlearn/state").chmod(0)
            for deed in (store.patterns, store.statistics, store.clear, lambda: store.record(a_run("r"), [an_entry()])):
                try:
                    deed()
                except StoreUnavailable as error:
                    print("unavailable")
            """
        answer = said(in_another_process(code, root))
        (root / ".llmlearn/state").chmod(0o700)
        assert answer.split() == ["unavailable"] * 4


# Several at once


def test_many_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    """Folder, file and tables are made once, and every entry of every run is counted."""
    code = """
        sys.stdin.readline()
        for number in range(5):
            run = a_run(f"{sys.argv[1]}-{__import__('os').getpid()}-{number}")
            entries = [an_entry(unit_hash=run.run_id), an_entry(f"1:{run.run_id}", held=(a_held(run.run_id),))]
            store.record(run, entries)
        store.close()
        """
    processes = [in_another_process(code, tmp_path) for _ in range(6)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        said(process)
    store = SqliteStore(tmp_path)
    held = store.statistics()
    assert (held.runs, held.occurrences, held.patterns, held.held) == (30, 60, 31, 30)
    assert store.patterns()[0].frequency == 30
    store.close()
    assert {path.name for path in tmp_path.iterdir()} == {".llmlearn"}


def test_a_reader_beside_writers_sees_whole_runs(tmp_path: Path) -> None:
    """Never half of one."""
    code = """
        for number in range(40):
            store.record(a_run(f"run-{number}"), [an_entry(f"1:{number}-{n}") for n in range(5)])
        store.close()
        """
    process = in_another_process(code, tmp_path)
    reader = SqliteStore(tmp_path)
    seen = set()
    while process.poll() is None:
        seen.add(len(reader.patterns()) % 5)
        seen.add(reader.statistics().occurrences % 5)
    said(process)
    assert seen == {0}
    assert reader.statistics().occurrences == 200
    reader.close()


def test_threads_share_one_store(store: SqliteStore) -> None:
    """As a server's do."""
    faults: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for number in range(10):
                store.record(a_run(f"{name}-{number}"), [an_entry(unit_hash=f"{name}-{number}")])
                store.search(["iterat"], [], 5)
        except BaseException as error:  # shown in the main thread
            faults.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert store.patterns()[0].frequency == 40


# Erased for good


def test_what_is_cleared_is_gone_from_the_disk(store: SqliteStore, tmp_path: Path, database: Path) -> None:
    """No byte of it stays in free pages, the log of writes, the index or a damaged file; the folder stays."""
    database.parent.mkdir(parents=True)
    database.with_name("memory.db.damaged-20250101T000000Z").write_bytes(b"xylophone")
    secret = "xylophone"
    for number in range(5):
        entries = [
            an_entry(
                f"1:{n}", message=f"{secret} {number}", words=f"{secret} w{n}", held=(a_held(f"{n}", text=secret),)
            )
            for n in range(50)
        ]
        store.record(a_run(f"run-{number}"), entries)
    assert store.statistics().patterns == 50
    store.clear()
    assert all(b"xylophone" not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    store.close()
    assert database.exists()
    assert (tmp_path / ".llmlearn/README.md").exists()


def test_a_reader_that_goes_on_reading_delays_the_erasure(tmp_path: Path, database: Path) -> None:
    """What is said then is that the bytes are still there."""
    store = SqliteStore(tmp_path, busy_seconds=0.2)
    store.record(a_run(), [an_entry()])
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM patterns").fetchone()
        with pytest.raises(StoreUnavailable, match="still reads"):
            store.clear()
    store.clear()
    assert store.patterns() == []
    store.close()


# Cost


def test_questions_need_no_more_than_the_standard_library(store: SqliteStore, tmp_path: Path) -> None:
    """sqlite-utils takes longer to load than a question to answer."""
    store.record(a_run(), [an_entry()])
    code = """
        store.search(["iterat"], ["a.b"], 5), store.rarity(["iterat"]), store.patterns(), store.occurrences()
        print("sqlite_utils" in sys.modules, "click" in sys.modules)
        """
    assert said(in_another_process(code, tmp_path)).split() == ["False", "False"]


def test_a_long_question_is_asked_by_its_rarest_words(store: SqliteStore) -> None:
    """Common words add cost, and tell nothing from anything."""
    common = " ".join(f"common{number}" for number in range(20))
    store.record(a_run(), [an_entry(f"1:{n}", words=f"{common} rare{n}", symbols=()) for n in range(30)])
    question = [*common.split(), *(f"rare{number}" for number in range(16))]
    found = {hit.pattern.fingerprint for hit in store.search(question, [], 200)}
    assert found == {f"1:{number}" for number in range(16)}
