"""What is remembered of who wrote a file: it comes back as it was, or not at all, and never with an error."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pytest_llmlearn.adapters import provenance_cache
from pytest_llmlearn.adapters.provenance_cache import SqliteProvenanceCache
from pytest_llmlearn.app.ports import Remembered
from pytest_llmlearn.domain.provenance import UNKNOWN, FileProvenance, Provenance
from pytest_llmlearn.domain.tally import of_file
from pytest_llmlearn.errors import StoreUnavailable

posix = pytest.mark.skipif(os.name != "posix", reason="rights as POSIX has them")
AI = Provenance(type="ai", model="opus", tool="claude", confidence=0.6, evidence="commit ä: \ud800 trailer")
HUMAN = Provenance(type="human", confidence=0.4, evidence="commit b")
LINES = (AI, AI, HUMAN, UNKNOWN, AI)
TEXT = "def f():\n    return 1\n\n\ny = 2\n"


def at_s1(paths: Iterable[str]) -> dict[str, str]:
    return dict.fromkeys(paths, "s1")


def remembered(
    digest: str = "d1", *, lines: tuple[Provenance, ...] = LINES, tally: bool = False, standing: str = "s1"
) -> Remembered:
    provenance = FileProvenance(lines=lines)
    return Remembered(
        digest=digest,
        commit="c1",
        standing=standing,
        provenance=provenance,
        tally=of_file("a.py", TEXT, provenance) if tally else None,
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the cache is, or would be."""
    return tmp_path / ".llmlearn" / "state" / "provenance.db"


@pytest.fixture
def cache(file: Path) -> SqliteProvenanceCache:
    """A cache in a project where something was recorded already."""
    file.parent.mkdir(parents=True)
    return a_cache(file)


def a_cache(file: Path, *, days: int = 0, make: Callable[[], None] | None = None) -> SqliteProvenanceCache:
    now = datetime(2026, 11, 21, tzinfo=UTC) + timedelta(days=days)
    return SqliteProvenanceCache(file, make or (lambda: file.parent.mkdir(parents=True)), clock=lambda: now)


def test_what_is_put_is_got(cache: SqliteProvenanceCache, file: Path) -> None:
    """All of it, by another object, and only what was asked for."""
    one, other = remembered(tally=True), remembered("d2", lines=())
    cache.put({"a.py": one, "söme dir/b.py": other})
    cache.close()
    again = a_cache(file)
    assert again.get(at_s1(["a.py", "söme dir/b.py", "c.py"])) == {"a.py": one, "söme dir/b.py": other}
    assert again.get(at_s1(["söme dir/b.py"])) == {"söme dir/b.py": other}
    assert again.get(at_s1([])) == {}


def test_the_later_word_replaces_the_earlier(cache: SqliteProvenanceCache) -> None:
    """One row a file."""
    cache.put({"a.py": remembered()})
    cache.put({"a.py": remembered("d2")})
    assert cache.get(at_s1(["a.py"]))["a.py"].digest == "d2"


def test_a_file_is_remembered_at_several_standings(cache: SqliteProvenanceCache) -> None:
    """At the latest few: what comes back is found again, and what never does goes."""
    for number in range(6):
        cache.put({"a.py": remembered(f"d{number}", standing=f"s{number}")})
    found = {number: cache.get({"a.py": f"s{number}"}) for number in range(6)}
    assert [number for number, rows in found.items() if rows] == [2, 3, 4, 5]
    assert found[3]["a.py"] == remembered("d3", standing="s3")


def test_many_files_are_one_query(cache: SqliteProvenanceCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many: more than SQLite takes parameters for."""
    paths = [f"dir/file_{number}.py" for number in range(2000)]
    cache.put(dict.fromkeys(paths, remembered()))
    asked: list[str] = []
    connection = cache._connected()
    connection.set_trace_callback(asked.append)
    assert len(cache.get(at_s1(paths))) == 2000
    assert len(asked) == 1


def test_nothing_is_created_before_something_was_recorded(file: Path) -> None:
    """A question alone leaves no folder behind; asked to, it makes one."""
    cache = a_cache(file)
    assert cache.get(at_s1(["a.py"])) == {}
    cache.put({"a.py": remembered()})
    cache.close()
    assert not file.parent.exists()
    cache.put({"a.py": remembered()}, make=True)
    assert cache.get(at_s1(["a.py"]))
    assert file.exists()


def test_what_was_found_before_the_folder_was_there_is_written_at_the_end(file: Path) -> None:
    """A first failing run asks who wrote the code, and then records."""
    cache = a_cache(file)
    cache.put({"a.py": remembered()})
    file.parent.mkdir(parents=True)
    cache.close()
    assert set(a_cache(file).get(at_s1(["a.py"]))) == {"a.py"}


@posix
def test_only_the_owner_can_read_it(cache: SqliteProvenanceCache, file: Path) -> None:
    """It tells of files, models and commits."""
    cache.put({"a.py": remembered()})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_forgotten(file: Path, content: bytes) -> None:
    """Reading finds nothing, and the next writing begins anew."""
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    cache = a_cache(file)
    assert cache.get(at_s1(["a.py"])) == {}
    cache.put({"a.py": remembered()})
    assert cache.get(at_s1(["a.py"])) == {"a.py": remembered()}


def test_a_file_that_was_cut_is_forgotten(cache: SqliteProvenanceCache, file: Path) -> None:
    """Within a page, or to nothing."""
    for size in (5000, 100, 0):
        cache.put({f"{number}.py": remembered() for number in range(200)})
        cache.close()
        os.truncate(file, size)
        assert cache.get(at_s1(["a.py"])) == {}
        cache.put({"a.py": remembered()})
        assert set(cache.get(at_s1(["a.py"]))) == {"a.py"}


@pytest.mark.parametrize("lines", ["{", "[]", '[[["robot",null,null,1,""]],[0,1]]', '[[["ai",null,null,1,""]],[7,1]]'])
def test_a_damaged_row_is_forgotten_alone(cache: SqliteProvenanceCache, file: Path, lines: str) -> None:
    """The others are as they were."""
    cache.put({"a.py": remembered(), "b.py": remembered()})
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE files SET lines = ? WHERE path = 'a.py'", (lines,))
    connection.close()
    assert set(cache.get(at_s1(["a.py", "b.py"]))) == {"b.py"}


def test_another_versions_table_is_replaced(cache: SqliteProvenanceCache, file: Path) -> None:
    """An older or newer one: either can find it out again."""
    cache.put({"a.py": remembered()})
    cache.close()
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE files")
        connection.execute("CREATE TABLE files (path TEXT)")
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert cache.get(at_s1(["a.py"])) == {}
    cache.put({"a.py": remembered()})
    assert set(cache.get(at_s1(["a.py"]))) == {"a.py"}


def test_a_locked_file_is_done_without(
    cache: SqliteProvenanceCache, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither read nor written, and none of it an error; afterwards it is used again."""
    monkeypatch.setattr(provenance_cache, "BUSY_SECONDS", 0.05)
    cache.put({"a.py": remembered()})
    cache.close()
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert cache.get(at_s1(["a.py"])) == {}
    cache.put({"b.py": remembered()})
    holder.execute("ROLLBACK")
    holder.close()
    assert set(cache.get(at_s1(["a.py", "b.py"]))) == {"a.py"}


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anything")
def test_what_cannot_be_written_is_still_read(cache: SqliteProvenanceCache, file: Path) -> None:
    """As from somebody else's checkout."""
    cache.put({"a.py": remembered()})
    cache.close()
    file.chmod(0o400)
    file.parent.chmod(0o500)
    try:
        later = a_cache(file, days=3)
        assert set(later.get(at_s1(["a.py"]))) == {"a.py"}
        later.put({"b.py": remembered()})
        assert set(later.get(at_s1(["a.py", "b.py"]))) == {"a.py"}
    finally:
        file.parent.chmod(0o700)


def test_a_folder_that_is_somebody_elses_is_done_without(
    cache: SqliteProvenanceCache, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Private to whoever made it: not even what it holds can be told."""
    cache.put({"a.py": remembered()})
    cache.close()
    look = Path.stat

    def stat(path: Path, **more: bool) -> os.stat_result:
        if path == file or path == file.parent:
            raise PermissionError(13, "Permission denied", str(path))
        return look(path, **more)

    monkeypatch.setattr(Path, "stat", stat)
    later = a_cache(file, days=3)
    assert later.get(at_s1(["a.py"])) == {}
    later.put({"b.py": remembered()})
    later.close()


def test_a_folder_that_cannot_be_made_is_done_without(file: Path) -> None:
    """The answers are told all the same."""

    def make() -> None:
        raise PermissionError(13, "Permission denied")

    cache = a_cache(file, make=make)
    cache.put({"a.py": remembered()}, make=True)
    assert cache.get(at_s1(["a.py"])) == {}


def test_it_may_be_deleted_at_any_time(cache: SqliteProvenanceCache, file: Path) -> None:
    """Also while another process has it open."""
    cache.put({"a.py": remembered()})
    file.unlink()
    assert cache.get(at_s1(["a.py"])) == {}
    fresh = a_cache(file)
    fresh.put({"b.py": remembered()})
    assert set(fresh.get(at_s1(["a.py", "b.py"]))) == {"b.py"}


def test_a_name_that_is_no_text_is_left_out(cache: SqliteProvenanceCache) -> None:
    """The others are remembered."""
    cache.put({"bad\udcff.py": remembered(), "a.py": remembered()})
    assert set(cache.get(at_s1(["bad\udcff.py", "a.py"]))) == {"a.py"}


def test_files_that_nobody_asks_for_are_dropped(cache: SqliteProvenanceCache, file: Path) -> None:
    """Those asked for within the time stay, however long ago they were found."""
    cache.put({"asked.py": remembered(), "left.py": remembered()})
    cache.close()
    a_cache(file, days=60).get(at_s1(["asked.py"]))
    a_cache(file, days=120).put({"new.py": remembered()})
    assert set(a_cache(file, days=120).get(at_s1(["asked.py", "left.py", "new.py"]))) == {"asked.py", "new.py"}


def test_the_number_of_files_is_bounded(
    cache: SqliteProvenanceCache, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ones asked for last stay."""
    cache.put({f"{number}.py": remembered() for number in range(5)})
    cache.close()
    monkeypatch.setattr(provenance_cache, "KEPT_ROWS", 3)
    a_cache(file, days=1).get(at_s1(["1.py", "2.py"]))
    a_cache(file, days=1).put({"new.py": remembered()})
    every = [*(f"{number}.py" for number in range(5)), "new.py"]
    assert set(a_cache(file, days=1).get(at_s1(every))) == {"1.py", "2.py", "new.py"}


def test_clearing_erases_the_file(cache: SqliteProvenanceCache, file: Path) -> None:
    """For good; and it can be used again."""
    cache.put({"a.py": remembered()})
    cache.clear()
    assert not list(file.parent.iterdir())
    cache.clear()
    cache.put({"b.py": remembered()})
    assert set(cache.get(at_s1(["a.py", "b.py"]))) == {"b.py"}


def test_a_file_that_cannot_be_erased_is_told(cache: SqliteProvenanceCache, file: Path) -> None:
    """Whoever erases wants to know."""
    file.mkdir()
    with pytest.raises(StoreUnavailable):
        cache.clear()


def test_many_processes_share_one_file(file: Path) -> None:
    """All of them write and read at once; nothing raises, and what is read is whole."""
    file.parent.mkdir(parents=True)
    code = (
        "import sys, logging; logging.basicConfig(level=logging.INFO); from pathlib import Path\n"
        "from tests.adapters.test_provenance_cache import a_cache, at_s1, remembered\n"
        "me, file = sys.argv[1], Path(sys.argv[2])\n"
        "for n in range(40):\n"
        "    cache = a_cache(file)\n"
        "    cache.put({f'{me}-{n}.py': remembered(), 'shared.py': remembered()})\n"
        "    assert cache.get(at_s1(['shared.py'])) in ({'shared.py': remembered()}, {})\n"
        "    cache.close()\n"
    )
    top = Path(__file__).parents[2]
    running = [subprocess.Popen([sys.executable, "-c", code, str(number), str(file)], cwd=top) for number in range(4)]
    assert [process.wait(60) for process in running] == [0, 0, 0, 0]
    every = [f"{me}-{n}.py" for me in range(4) for n in range(40)]
    assert len(a_cache(file).get(at_s1(every))) == len(every)
