"""Vectors in the real file: which texts there are, what changes them, and that nothing of them is left behind."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters import migrations
from pytest_llmlearn.adapters.sqlite_store import SqliteStore, folder, vectors
from pytest_llmlearn.app.ports.vectors import Kept
from pytest_llmlearn.domain import facets
from pytest_llmlearn.domain.fix import Fix, Healing
from tests.builders import a_run, an_entry, at
from tests.fakes import FakeEmbedder

numpy = pytest.importorskip("numpy", reason="the extra vectors is not installed")

from pytest_llmlearn.adapters.exact_index import ExactIndex, ExactScan  # noqa: E402 -- it needs numpy

EMBEDDER = FakeEmbedder()
NAME, WIDTH = EMBEDDER.name, EMBEDDER.dimension
WORD = "zebraquokka"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """With one pattern of three facets."""
    made = SqliteStore(tmp_path, clock=lambda: at(days=1))
    made.record(a_run(), [an_entry("1:aaaa", contexts=("sqlite access",))])
    yield made
    made.close()


def raw(root: Path) -> sqlite3.Connection:
    return sqlite3.connect(root / ".llmlearn" / "state" / "memory.db", isolation_level=None)


def embed(store: SqliteStore) -> list[str]:
    """Give all that waits its vector; the keys."""
    waiting = store.vectors().waiting(NAME)
    made = EMBEDDER.embed([one.text for one in waiting]) if waiting else []
    store.vectors().put(NAME, WIDTH, list(zip(waiting, made, strict=True)))
    return [one.key for one in waiting]


def kept(store: SqliteStore) -> dict[str, Kept]:
    return {one.key: one for one in store.vectors().changes(NAME, 0)}


def heal(store: SqliteStore, **changes: Any) -> None:
    values = {
        "fingerprint": "1:aaaa",
        "digest": "b2:1",
        "bad": "x = f()",
        "good": "x = await f()",
        "difference": "await",
    }
    values.update(changes)
    healing = Healing(
        occurrence=None, fingerprint=values["fingerprint"], nodeid="t.py::t", unit="m:f", verdict="fix", reason="r",
        time=at(5), red_hash="r", green_hash=values["good"], fix=Fix(**values),
    )  # fmt: skip
    store.fixes().note(time=at(5), healings=[healing])


def request(root: Path, text: str, *patterns: str, asked: str = "2026-03-01") -> str:
    """A request under which these patterns were made; its key."""
    digest = facets.digest(text)
    with closing(raw(root)) as db:
        db.execute("INSERT INTO occurrence_texts (digest, text) VALUES (?, ?)", (digest, text))
        row = db.execute("SELECT id FROM occurrence_texts WHERE digest = ?", (digest,)).fetchone()[0]
        db.execute(
            "INSERT INTO prompts (digest, text_id, words, last_asked) VALUES (?, ?, '', ?)", (digest, row, asked)
        )
        for fingerprint in patterns:
            made = "SELECT max(q.id), p.id, 'model-p', 1, '' FROM prompts AS q, patterns AS p WHERE p.fingerprint = ?"
            db.execute(f"INSERT INTO pattern_prompts {made}", (fingerprint,))
    return f"prompt:{digest.hex()}"


def test_a_pattern_has_its_facets_apart(store: SqliteStore) -> None:
    """What goes wrong, where, and in what code."""
    assert set(embed(store)) == {"mistake:1:aaaa", "context:1:aaaa", "code:1:aaaa"}
    assert "sqlite access" in kept(store)["context:1:aaaa"].document
    assert {one.owner for one in kept(store).values()} == {"1:aaaa"}


def test_a_text_that_says_nothing_any_more_loses_its_vector(store: SqliteStore) -> None:
    """And an index is told."""
    embed(store)
    before = store.vectors().revision(NAME)
    later = a_run("run-2", started=at(9), finished=at(9))
    store.record(later, [an_entry("1:aaaa", snippet="", unit_hash="other", time=at(9))])
    assert embed(store) == []
    changes = {one.key: one.vector is None for one in store.vectors().changes(NAME, before)}
    assert changes["code:1:aaaa"] and not changes["mistake:1:aaaa"]
    assert set(kept(store)) == {"mistake:1:aaaa", "context:1:aaaa"}


def test_the_same_failure_again_is_not_embedded_again(store: SqliteStore) -> None:
    """Only its count has changed, and that an index is told."""
    embed(store)
    store.record(a_run("run-2"), [an_entry("1:aaaa", contexts=("sqlite access",), unit_hash="other")])
    assert embed(store) == []
    assert {one.frequency for one in kept(store).values()} == {2}


@pytest.mark.parametrize("how", ["lesson", "context", "message", "fix"])
def test_what_changes_a_text_lets_it_wait(store: SqliteStore, how: str) -> None:
    """Whichever statement wrote it."""
    embed(store)
    match how:
        case "lesson":
            store.lessons().reword("1:aaaa", {"instead": WORD}, at(3))
            key = "mistake:1:aaaa"
        case "context":
            store.record(a_run("run-2"), [an_entry("1:aaaa", contexts=(WORD,), unit_hash="other")])
            key = "context:1:aaaa"
        case "message":
            store.record(a_run("run-2"), [an_entry("1:aaaa", message=WORD, unit_hash="other", time=at(9))])
            key = "mistake:1:aaaa"
        case _:
            heal(store, difference=WORD)
            key = "fix:b2:1@1:aaaa"
    assert embed(store) == [key]
    assert WORD in kept(store)[key].document


def test_a_fix_is_found_in_a_space_of_its_own(store: SqliteStore) -> None:
    """Each pattern's own, though two have the same."""
    store.record(a_run("run-2"), [an_entry("1:bbbb")])
    heal(store)
    heal(store, fingerprint="1:bbbb")
    embed(store)
    fixes = {key: (one.space, one.owner) for key, one in kept(store).items() if one.facet == "fix"}
    assert fixes == {"fix:b2:1@1:aaaa": ("fixes", "1:aaaa"), "fix:b2:1@1:bbbb": ("fixes", "1:bbbb")}


def test_what_was_merged_speaks_for_what_it_was_merged_into(store: SqliteStore) -> None:
    """With the parent's state, models and frequency; and for itself again when it is split off."""
    store.record(a_run("run-2"), [an_entry("1:bbbb", model="model-b", unit="m:g")])
    embed(store)
    store.merge("1:aaaa", "1:bbbb")
    together = kept(store)
    assert len(together) == 6 and {one.owner for one in together.values()} == {"1:aaaa"}
    assert {one.frequency for one in together.values()} == {2}
    assert all("model-b" in one.models and len(one.models) == 2 for one in together.values())
    store.say("1:aaaa", "wrong")
    assert kept(store) == {}
    store.say("1:aaaa", None)
    store.split("1:bbbb")
    assert {one.owner for one in kept(store).values()} == {"1:aaaa", "1:bbbb"}
    assert store.vectors().waiting(NAME) == []


def test_what_may_not_be_shown_is_not_embedded(store: SqliteStore) -> None:
    """It costs nothing until it may be; then it waits."""
    store.record(a_run("run-2"), [an_entry("1:bbbb", stub=True), an_entry("1:cccc", scope="environment")])
    assert {key.rpartition("1:")[2] for key in embed(store)} == {"aaaa"}
    store.say("1:bbbb", "right")
    assert {key.rpartition("1:")[2] for key in embed(store)} == {"bbbb"}


def test_a_minor_mistake_seen_often_is_told_as_a_grave_one(store: SqliteStore) -> None:
    """As everywhere else."""
    often = [an_entry("1:bbbb", severity="minor", unit_hash=f"{number}") for number in range(15)]
    store.record(a_run("run-2"), [*often, an_entry("1:cccc", severity="minor")])
    embed(store)
    told = {one.owner: one.severity for one in kept(store).values()}
    assert (told["1:bbbb"], told["1:cccc"]) == ("major", "minor")


def test_a_request_under_which_nothing_was_made_is_not_found(store: SqliteStore, tmp_path: Path) -> None:
    """Until something is."""
    key = request(tmp_path, f"Write {WORD}.")
    assert key not in embed(store)
    with closing(raw(tmp_path)) as db:
        db.execute("INSERT INTO pattern_prompts SELECT q.id, p.id, 'm', 1, '' FROM prompts AS q, patterns AS p")
    assert embed(store) == [key]
    one = kept(store)[key]
    assert (one.space, one.owner, one.document, one.models) == ("prompts", "", f"Write {WORD}.", ("m",))


def test_a_request_that_was_erased_takes_its_vector_with_it(store: SqliteStore, tmp_path: Path) -> None:
    """By the days that texts are kept, and with the last of its patterns; an index begins anew."""
    old = request(tmp_path, "Write it long ago.", "1:aaaa", asked="2020-01-01")
    new = request(tmp_path, "Write it now.", "1:aaaa")
    embed(store)
    epoch = store.vectors().epoch()
    store.upkeep().told_before(at(days=-30), erase=True)
    assert old not in kept(store) and new in kept(store)
    assert store.vectors().epoch() != epoch
    store.upkeep().forget("1:aaaa")
    assert kept(store) == {}
    with closing(raw(tmp_path)) as db:
        assert [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("facets", "vectors")] == [0, 0]


@pytest.mark.parametrize("how", ["forget", "clear"])
def test_the_bytes_of_erased_vectors_are_gone(store: SqliteStore, tmp_path: Path, how: str) -> None:
    """From the file and from its log."""
    embed(store)
    mark = bytes(range(1, 17)) * 2
    with closing(raw(tmp_path)) as db:
        db.execute("UPDATE vectors SET vector = ?", (mark,))
    assert mark in content(tmp_path)
    if how == "forget":
        store.upkeep().forget("1:aaaa")
    else:
        store.clear()
    assert mark not in content(tmp_path)


def content(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in (root / ".llmlearn" / "state").iterdir() if path.is_file())


def test_a_file_that_took_the_others_place_is_of_another_epoch(store: SqliteStore, tmp_path: Path) -> None:
    """Its revisions may be those of the first, and mean other things."""
    other = SqliteStore(tmp_path / "other")
    (tmp_path / "other").mkdir()
    other.record(a_run(), [an_entry("1:aaaa")])
    assert other.vectors().epoch() != store.vectors().epoch() != ""
    other.close()


def test_whoever_uses_no_vectors_pays_for_none(store: SqliteStore, tmp_path: Path) -> None:
    """A recording notes what it touched, once; there are no facets, and nothing is numbered."""
    for number in range(3):
        store.record(a_run(f"run-{number}"), [an_entry("1:aaaa", message=f"{number}", unit_hash=f"{number}")])
    with closing(raw(tmp_path)) as db:
        assert db.execute("SELECT * FROM facets_due").fetchall() == [(1,)]
        assert db.execute("SELECT count(*) FROM facets").fetchone() == (0,)
        assert db.execute("SELECT vector_revision FROM store").fetchone() == (0,)


def test_patterns_of_an_older_schema_wait(tmp_path: Path) -> None:
    """They were there before there were vectors."""
    from sqlite_utils import Database

    folder.make(tmp_path)
    with pytest.MonkeyPatch.context() as patch, closing(raw(tmp_path)) as connection:
        patch.setattr(migrations, "STEPS", migrations.STEPS[:8])
        connection.execute("BEGIN")
        migrations.migrate(Database(connection))
        connection.execute("COMMIT")
    with closing(raw(tmp_path)) as db:
        db.execute("INSERT INTO occurrence_texts VALUES (7, x'00', 'a message')")
        db.execute(
            """INSERT INTO patterns (fingerprint, symbol_key, rule_id, category, severity, exception, message_id,
                   lesson, frequency, raw_count, first_seen, last_seen, symbols, unit, bad_id, words)
               VALUES ('1:old', 's', 'type.none-value', 'type', 'major', 'TypeError', 7, 'A lesson.', 1, 1,
                   '2026-01-01T00:00:00.000000+00:00', '2026-01-01T00:00:00.000000+00:00', '[]', 'm:f', 7, '')"""
        )
    store = SqliteStore(tmp_path)
    assert set(embed(store)) == {"mistake:1:old", "context:1:old", "code:1:old"}
    store.close()


def test_other_words_for_the_same_let_all_be_looked_at_again(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an upgrade that words the texts anew; only what is worded otherwise is embedded."""
    key = request(tmp_path, "Write it now, please.", "1:aaaa")
    embed(store)
    monkeypatch.setattr(facets, "VERSION", facets.VERSION + 1)
    assert embed(store) == []
    monkeypatch.setattr(facets, "VERSION", facets.VERSION + 1)
    monkeypatch.setattr(facets, "asked", lambda text: text[:9])
    assert embed(store) == [key]
    assert kept(store)[key].document == "Write it "


def test_many_are_looked_at_a_few_at_a_time(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first are there before the last was looked at; without a limit all are."""
    monkeypatch.setattr(vectors, "REFRESHED", 10)
    store.record(a_run("run-2"), [an_entry(f"1:{number:04}", unit_hash=f"{number}") for number in range(35)])
    first = store.vectors().waiting(NAME, 5)
    assert [one.key.rpartition(":")[2] for one in first] == ["0034", "0033", "0032", "0031", "0030"]
    assert store.vectors().covered(NAME)[1] == 3 * 10 + 26
    assert len(store.vectors().waiting(NAME)) == 3 * 36
    assert store.vectors().covered(NAME) == (0, 3 * 36)


def test_two_processes_that_embed_at_once_leave_one_vector_each(store: SqliteStore, tmp_path: Path) -> None:
    """Both do it, neither fails, and all have theirs."""
    store.record(a_run("run-2"), [an_entry(f"1:{number:04}", unit_hash=f"{number}") for number in range(60)])
    script = (
        "import sys; from pathlib import Path; from pytest_llmlearn.adapters.sqlite_store import SqliteStore;"
        "from pytest_llmlearn.app.embedding import Embedding; from tests.fakes import FakeEmbedder;"
        "store = SqliteStore(Path(sys.argv[1])); Embedding(store.vectors(), FakeEmbedder()).catch_up()"
    )
    root = Path(__file__).resolve().parents[2]
    both = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=root) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert store.vectors().covered(NAME) == (183, 183)
    assert store.vectors().waiting(NAME) == []
    with closing(raw(tmp_path)) as db:
        assert db.execute("SELECT count(*) FROM vectors").fetchone() == (183,)


def test_reading_makes_no_file(tmp_path: Path) -> None:
    """Nor does asking what waits, or giving what nobody has a vector."""
    store = SqliteStore(tmp_path / "none").vectors()
    assert store.waiting(NAME) == [] and store.covered(NAME) == (0, 0)
    assert list(store.changes(NAME, 0)) == list(store.blocks(NAME, 0)) == list(store.scan(NAME)) == []
    assert (store.epoch(), store.revision(NAME), store.drop(NAME)) == ("", 0, 0)
    assert store.embedders() == [] and store.of_prompt(NAME, b"x") is None and store.named([1]) == {}
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("blob", [b"", b"odd", bytes(2 * WIDTH + 2), b"\xff\x7f" * WIDTH, "a text"])
def test_a_damaged_vector_is_left_out_of_all_that_is_read(store: SqliteStore, tmp_path: Path, blob: object) -> None:
    """Whoever finds the nearest finds the others, exactly as if it were not there; discarding lets its text wait."""
    key = request(tmp_path, "add the totals", "1:aaaa")
    digest = bytes.fromhex(key.partition(":")[2])
    embed(store)
    read = store.vectors()
    assert read.of_prompt(NAME, digest) is not None
    question = EMBEDDER.embed(["a question"])[0]
    indexes = ExactIndex(read, NAME), ExactScan(read, NAME)
    for index in indexes:
        index.catch_up()
    sound = [one for one in indexes[0].nearest("mistakes", question, 9) if not one.key.startswith("code:")]
    assert len(sound) == 2
    with closing(raw(tmp_path)) as db:
        db.execute(
            "UPDATE vectors SET vector = ? WHERE facet IN (SELECT id FROM facets WHERE kind IN ('code', 'prompt'))",
            (blob,),
        )
    assert "code:1:aaaa" not in kept(store) and len(kept(store)) == 2
    assert read.of_keys(NAME, ["code:1:aaaa", key]) == [] and read.of_prompt(NAME, digest) is None
    for index in (ExactIndex(read, NAME), ExactScan(read, NAME)):
        index.catch_up()
        assert index.nearest("mistakes", question, 2) == sound
        assert not [one for one in index.nearest("prompts", question, 9) if one.similarity > -1]
    before = read.revision(NAME)
    assert (read.discard_damaged(NAME), read.discard_damaged(NAME)) == (2, 0)
    assert {one.key for one in read.changes(NAME, before) if one.vector is None} == {"code:1:aaaa", key}
    assert sorted(embed(store)) == ["code:1:aaaa", key] and len(kept(store)) == 4


def test_a_store_whose_vectors_are_all_damaged_has_none(store: SqliteStore, tmp_path: Path) -> None:
    """And can be mended, also by an embedder that was never there."""
    embed(store)
    with closing(raw(tmp_path)) as db:
        db.execute("UPDATE vectors SET vector = x'00'")
    index = ExactScan(store.vectors(), NAME)
    index.catch_up()
    assert index.nearest("mistakes", EMBEDDER.embed(["a question"])[0], 9) == []
    assert (store.vectors().discard_damaged("nobody"), store.vectors().discard_damaged(NAME)) == (0, 3)
    assert len(embed(store)) == 3
