"""Who wrote what: every reader is asked, the surest answer counts, and nothing unchanged is asked twice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from pytest_llmlearn.app.ports import Remembered
from pytest_llmlearn.app.provenance import PIECE, Origins
from pytest_llmlearn.domain.history import Change, Commit, Logged, Origin
from pytest_llmlearn.domain.provenance import UNKNOWN, Provenance

AI = Provenance(type="ai", model="opus", confidence=0.6, evidence="said so")
HUMAN = Provenance(type="human", confidence=0.4)


class FakeCache:
    """`ports.ProvenanceCache` in memory. `rows` has the latest of each file, `all` those at every standing."""

    def __init__(self) -> None:
        self.rows: dict[str, Remembered] = {}
        self.all: dict[tuple[str, str], Remembered] = {}
        self.puts: list[tuple[set[str], bool]] = []
        self.closed = False

    def get(self, standings: Mapping[str, str]) -> Mapping[str, Remembered]:
        return {path: self.all[path, at] for path, at in standings.items() if (path, at) in self.all}

    def put(self, found: Mapping[str, Remembered], *, make: bool = False) -> None:
        self.puts.append((set(found), make))
        self.rows.update(found)
        self.all.update(((path, one.standing), one) for path, one in found.items())

    def clear(self) -> None:
        self.rows.clear()
        self.all.clear()

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeHistory:
    """`hookspecs.History` of repositories that are folders: each has its head, and what its commits touched."""

    at: dict[str, str] = field(default_factory=lambda: {"": "c1"})
    touched: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    notices: Sequence[str] = ()

    def heads(self, paths: Sequence[str]) -> Mapping[str, str]:
        found = {path: self._top(path) for path in paths if path not in self.left_out}
        return {path: self.at[top] for path, top in found.items() if top is not None}

    def untouched(self, paths: Sequence[str], since: str) -> frozenset[str]:
        self.asked.append((since, *paths))
        heads = self.heads(paths)
        return frozenset(path for path in paths if path not in self.touched.get((since, heads[path]), {path}))

    def _top(self, path: str) -> str | None:
        return next((top for top in sorted(self.at, reverse=True) if path.startswith(top)), None)

    def origins(self, paths: Sequence[str]) -> Mapping[str, Sequence[Origin | None]]:
        raise NotImplementedError

    def uncommitted(self, paths: Sequence[str]) -> Mapping[str, Sequence[bool]]:
        raise NotImplementedError

    def commits(self, ids: Collection[str]) -> Mapping[str, Commit]:
        raise NotImplementedError

    def notes(self, ref: str, commits: Collection[str]) -> Mapping[str, str]:
        raise NotImplementedError

    def touching(self, names: Sequence[str]) -> Mapping[str, Sequence[Change]]:
        raise NotImplementedError

    def name_of(self, path: str) -> str | None:
        raise NotImplementedError

    def log(self, since: str | None, limit: int) -> Sequence[Logged] | None:
        raise NotImplementedError

    def state(self, ref: str) -> str:
        raise NotImplementedError


@dataclass
class FakeReader:
    """Says the same of every line of the files it knows."""

    answers: dict[str, Provenance | None] = field(default_factory=dict)
    name: str = "fake"
    decided_by: str | None = "s1"
    notices: Sequence[str] = ()
    fault: Exception | None = None
    while_reading: Callable[[], None] = lambda: None
    read_paths: list[str] = field(default_factory=list)
    calls: int = 0

    def read(self, paths: Sequence[str]) -> Mapping[str, Sequence[Provenance | None]]:
        self.calls += 1
        self.read_paths += paths
        self.while_reading()
        if self.fault is not None:
            raise self.fault
        return {path: [self.answers[path]] * 50 for path in paths if path in self.answers}

    def says_anything(self) -> bool:
        if self.fault is not None:
            raise self.fault
        return any(answer.generated for answer in self.answers.values() if answer)

    def standing(self) -> str | None:
        return self.decided_by


@dataclass
class World:
    """Files, their history, one cache; every question of a new `Origins`, as of a new process."""

    texts: dict[str, str] = field(default_factory=lambda: {"a.py": "def f():\n    return 1\n", "b.py": "y = 2\n"})
    history: FakeHistory = field(default_factory=FakeHistory)
    reader: FakeReader = field(default_factory=lambda: FakeReader({"a.py": AI, "b.py": HUMAN}))
    cache: FakeCache = field(default_factory=FakeCache)
    others: tuple[FakeReader, ...] = ()

    def origins(self) -> Origins:
        return Origins(lambda: [self.reader, *self.others], self.texts.get, history=self.history, cache=self.cache)

    def asked_for(self, *paths: str) -> list[str]:
        """What the reader is asked by a new process that wants these files."""
        self.reader.read_paths.clear()
        self.origins().load(paths)
        return self.reader.read_paths


@pytest.fixture
def world() -> World:
    """Two files whose answers are remembered already."""
    world = World()
    assert world.asked_for("a.py", "b.py") == ["a.py", "b.py"]
    return world


def test_nothing_is_asked_again_when_nothing_changed(world: World) -> None:
    """And the answers are the same."""
    assert world.asked_for("a.py", "b.py") == []
    origins = world.origins()
    assert [line.model for line in origins.of("a.py").lines] == ["opus", "opus"]
    assert origins.of("b.py").lines == (HUMAN,)
    assert world.history.asked == []


def test_all_files_are_asked_for_in_one_question() -> None:
    """Each once, however often it is named; readers need not be asked file by file."""
    world = World()
    origins = world.origins()
    origins.load(["b.py", "a.py", "b.py"])
    origins.load(["a.py"])
    assert (world.reader.calls, world.reader.read_paths) == (1, ["a.py", "b.py"])


def test_a_changed_text_is_asked_for_again(world: World) -> None:
    """That file alone; then it is remembered as it is now."""
    world.texts["a.py"] += "# more\n"
    assert world.asked_for("a.py", "b.py") == ["a.py"]
    assert world.asked_for("a.py", "b.py") == []


def test_a_commit_that_did_not_touch_a_file_changes_nothing(world: World) -> None:
    """One question to the history for all of the files, and none the next time."""
    world.history.at[""] = "c2"
    world.history.touched["c1", "c2"] = set()
    assert world.asked_for("a.py", "b.py") == []
    assert world.history.asked == [("c1", "a.py", "b.py")]
    assert world.asked_for("a.py", "b.py") == []
    assert len(world.history.asked) == 1
    assert {row.commit for row in world.cache.rows.values()} == {"c2"}


def test_a_commit_that_touched_a_file_has_it_asked_for_again(world: World) -> None:
    """Though its text is the same: what was uncommitted is committed now."""
    world.history.at[""] = "c2"
    world.history.touched["c1", "c2"] = {"a.py"}
    assert world.asked_for("a.py", "b.py") == ["a.py"]
    assert world.asked_for("a.py", "b.py") == []


def test_a_commit_that_is_not_known_any_more_has_all_asked_for_again(world: World) -> None:
    """After a rewritten history, say."""
    world.history.at[""] = "c9"
    assert world.asked_for("a.py", "b.py") == ["a.py", "b.py"]


def test_what_decides_beside_texts_and_commits_voids_all(world: World) -> None:
    """A note, a mark, a setting, a reader that came or went."""
    world.reader.decided_by = "s2"
    assert world.asked_for("a.py", "b.py") == ["a.py", "b.py"]
    world.others = (FakeReader(name="other"),)
    assert world.asked_for("a.py", "b.py") == ["a.py", "b.py"]
    assert world.asked_for("a.py", "b.py") == []


def test_a_standing_that_comes_back_finds_what_was_remembered_at_it(world: World) -> None:
    """An assistant's session begins and ends, many times a day."""
    world.reader.decided_by = "s2"
    assert world.asked_for("a.py", "b.py") == ["a.py", "b.py"]
    world.reader.decided_by = "s1"
    assert world.asked_for("a.py", "b.py") == []


class LocalReader(FakeReader):
    """One that says of each file what decides."""

    def standing_of(self, paths: Sequence[str]) -> Mapping[str, str]:
        if self.fault is not None:
            raise self.fault
        return {path: repr(self.answers[path]) for path in paths if path in self.answers}


def test_news_of_one_file_leave_the_others_remembered() -> None:
    """A person marked some lines of it."""
    marks = LocalReader(name="marks")
    world = World(others=(marks,))
    assert world.asked_for("a.py", "b.py") == ["a.py", "b.py"]
    marks.answers["a.py"] = Provenance(type="human", confidence=1.0)
    assert world.asked_for("a.py", "b.py") == ["a.py"]
    assert world.origins().of("a.py").at(1).type == "human"
    assert world.asked_for("a.py", "b.py") == []


def test_a_reader_that_fails_to_say_what_decides_of_a_file_is_told() -> None:
    """Nothing is remembered then."""
    world = World(others=(LocalReader(fault=ValueError("broken"), name="guest"),))
    origins = world.origins()
    assert origins.of("a.py").at(1) == AI
    assert world.cache.rows == {}
    assert len(origins.notices) == 1


def test_a_reader_that_cannot_say_what_decides_is_always_asked(world: World) -> None:
    """Nothing is read from the cache then, and nothing written to it."""
    world.reader.decided_by = None
    before = dict(world.cache.rows)
    assert world.asked_for("a.py") == ["a.py"]
    assert world.asked_for("a.py") == ["a.py"]
    assert world.cache.rows == before


def test_a_reader_that_raises_is_told_and_costs_its_own_answers_only() -> None:
    """What the others say is told, and not remembered: it may not be the whole truth."""
    world = World(others=(FakeReader(fault=ValueError("broken"), name="guest"),))
    origins = world.origins()
    assert origins.of("a.py").at(1) == AI
    (notice,) = origins.notices
    assert "'guest'" in notice
    assert "ValueError: broken" in notice
    assert world.cache.rows == {}
    world.others[0].fault = None
    assert world.asked_for("a.py") == ["a.py"]
    assert set(world.cache.rows) == {"a.py"}


def test_a_fault_elsewhere_does_not_keep_answers_from_being_remembered() -> None:
    """That a reader cannot say whether there is anything at all is not an answer on a file."""
    world = World(reader=FakeReader({"b.py": HUMAN}), others=(FakeReader(fault=OSError("gone"), name="guest"),))
    origins = world.origins()
    assert not origins.anywhere()
    world.others[0].fault = None
    origins.load(["b.py"])
    assert set(world.cache.rows) == {"b.py"}
    assert len(origins.notices) == 1


def test_what_moved_while_it_was_read_is_not_remembered() -> None:
    """Nobody knows which of both states the answer is of."""
    for change in ("head", "standing"):
        world = World()

        def move(world: World = world, change: str = change) -> None:
            if change == "head":
                world.history.at[""] = "c2"
            else:
                world.reader.decided_by = "s2"

        world.reader.while_reading = move
        assert world.origins().of("a.py").at(1) == AI
        assert world.cache.rows == {}, change


def test_a_file_of_which_more_than_the_commit_decides_is_not_remembered() -> None:
    """The history leaves such out once it was asked: a file that is untracked, or that git had no time for."""
    world = World()
    world.reader.while_reading = lambda: world.history.left_out.add("a.py")
    world.asked_for("a.py", "b.py")
    assert set(world.cache.rows) == {"b.py"}


def test_repositories_within_repositories_move_on_their_own() -> None:
    """Each file is held to the head of its own; one question for each commit that was moved on from."""
    world = World(
        texts={"a.py": "x\n", "sub/b.py": "x\n", "sub/c.py": "x\n"},
        history=FakeHistory(at={"": "c1", "sub/": "d1"}),
    )
    paths = [*world.texts]
    assert world.asked_for(*paths) == paths
    world.history.at["sub/"] = "d2"
    world.history.touched["d1", "d2"] = {"sub/c.py"}
    assert world.asked_for(*paths) == ["sub/c.py"]
    assert world.history.asked == [("d1", "sub/b.py", "sub/c.py")]
    assert world.cache.rows["sub/b.py"].commit == "d2"
    assert world.cache.rows["a.py"].commit == "c1"


def test_files_outside_any_repository_are_remembered_by_their_text() -> None:
    """And asked for anew once there is one."""
    world = World(history=FakeHistory(at={}))
    assert world.asked_for("a.py") == ["a.py"]
    assert world.asked_for("a.py") == []
    world.history.at[""] = "c1"
    assert world.asked_for("a.py") == ["a.py"]


def test_a_file_that_is_gone_has_no_lines_and_is_not_remembered(world: World) -> None:
    """It is not an error: a failure may name it."""
    origins = world.origins()
    assert origins.of("gone.py").lines == ()
    assert origins.of("gone.py").at(3) == UNKNOWN
    assert "gone.py" not in world.cache.rows


def test_the_surest_reader_counts_and_the_earlier_of_equals() -> None:
    """Whoever marks a line by hand is as sure as a marker, and is asked first."""
    sure = Provenance(type="human", confidence=1.0, evidence="first")
    same = Provenance(type="ai", confidence=1.0, evidence="second")
    world = World(
        reader=FakeReader({"a.py": AI, "b.py": sure}), others=(FakeReader({"a.py": sure, "b.py": same}, name="late"),)
    )
    assert world.origins().of("a.py").at(1) == sure
    assert world.origins().of("b.py").at(1) == sure


def test_without_a_cache_every_process_asks() -> None:
    """And one process asks once."""
    world = World()
    origins = Origins(lambda: [world.reader], world.texts.get)
    origins.load(["a.py"])
    origins.load(["a.py", "b.py"])
    assert world.reader.read_paths == ["a.py", "b.py"]


def test_forgetting_asks_anew_in_the_same_process(world: World) -> None:
    """A person's word was added; the standing tells that what is remembered does not hold."""
    origins = world.origins()
    assert origins.of("a.py").at(1) == AI
    world.reader.answers["a.py"], world.reader.decided_by = HUMAN, "s2"
    assert origins.of("a.py").at(1) == AI
    origins.forget()
    assert origins.of("a.py").at(1) == HUMAN


def test_counts_are_remembered_beside_the_lines(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting parses the file; what has not changed is not counted again."""
    first = world.origins().tallies(["a.py", "b.py", "gone.py"])
    assert set(first) == {"a.py", "b.py"}
    assert first["a.py"].tally.functions.ai == 1

    def count(*_: object) -> None:
        raise AssertionError("counted again")

    monkeypatch.setattr("pytest_llmlearn.domain.tally.of_file", count)
    assert world.origins().tallies(["a.py", "b.py"]) == first


def test_a_new_answer_voids_the_counts(world: World) -> None:
    """They are counted from it."""
    world.origins().tallies(["a.py"])
    world.reader.answers["a.py"], world.reader.decided_by = HUMAN, "s2"
    assert world.origins().tallies(["a.py"])["a.py"].tally.functions.human == 1


def test_progress_is_told_and_pieces_are_remembered_as_they_come() -> None:
    """Whoever breaks off a long count has what was found until then."""
    texts = {f"{number:04}.py": "x = 1\n" for number in range(PIECE + 5)}
    world = World(texts=texts, reader=FakeReader(dict.fromkeys(texts, AI)))
    told: list[tuple[int, int]] = []
    world.origins().load(texts, told=lambda done, whole: told.append((done, whole)))
    assert told == [(0, PIECE + 5), (PIECE, PIECE + 5), (PIECE + 5, PIECE + 5)]
    assert [len(paths) for paths, _ in world.cache.puts] == [PIECE, 5]


def test_only_who_asks_for_it_has_the_cache_make_its_folder(world: World) -> None:
    """A run of tests does not."""
    world.texts["a.py"] += "#\n"
    world.origins().load(["a.py"])
    world.texts["a.py"] += "#\n"
    world.origins().load(["a.py"], keep=True)
    assert [make for _, make in world.cache.puts[-2:]] == [False, True]


def test_what_was_not_asked_is_not_made_for_its_end() -> None:
    """A run in which nothing failed touches neither cache nor history."""
    world = World(history=FakeHistory(notices=["cut"]))
    origins = world.origins()
    assert origins.notices == []
    origins.close()
    assert not world.cache.closed
    origins.load(["a.py"])
    assert origins.notices == ["cut"]
    origins.close()
    assert world.cache.closed


def test_clearing_erases_what_is_remembered(world: World) -> None:
    """All is asked for again."""
    origins = world.origins()
    origins.load(["a.py"])
    origins.clear()
    assert world.asked_for("a.py") == ["a.py"]
