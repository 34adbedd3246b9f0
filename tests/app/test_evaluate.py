"""A stream replayed: ask, score, learn; and nothing of the very task where that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

import pytest

from pytest_llmlearn.app import evaluate
from pytest_llmlearn.app.baselines import NAMES, WORDY, Baselines
from pytest_llmlearn.app.evaluate import OPEN, OURS, Terms, any_task, cross_task, left_out
from pytest_llmlearn.app.scratch import Learned, Remembering
from pytest_llmlearn.bootstrap.scratch import left_out_by, scratches
from pytest_llmlearn.domain.guidance import Guidance, Match, Query
from pytest_llmlearn.domain.replay import Alarm, Attempt
from pytest_llmlearn.settings import Settings
from tests.replaying import PROMPTS, a_failure, a_stream, an_attempt

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports.vectors import Matrix

NONE = Baselines(())


class FakeScratch:
    """Answers with nothing, and remembers in order what it was asked and taught."""

    def __init__(self, log: list[tuple[str, str]], watcher: evaluate.Watcher | None = None) -> None:
        self.log = log
        self.watcher = watcher
        self.notices: list[str] = []

    def recall(self, query: Query) -> Guidance:
        self.log.append(("asked", query.text))
        matches: tuple[Match, ...] = ()
        return Guidance(query=query, matches=matches)

    def learn(self, attempt: Attempt) -> Learned:
        self.log.append(("learned", attempt.id))
        return Learned(attempt=replace(attempt, failures=()), entries=())

    def repeat(self, learned: Learned) -> None:
        self.log.append(("repeated", learned.attempt.id))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.log.append(("closed", ""))


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> Callable[[], evaluate.Scratch]:
    """Memories in temporary folders, as the command uses them."""
    for name in ("LLMLEARN_ROOT", "LLMLEARN"):
        monkeypatch.delenv(name, raising=False)
    return scratches(Settings())


def test_each_generation_is_asked_about_before_it_is_learned() -> None:
    """With the request alone: the code, the tests and the failures came later."""
    log: list[tuple[str, str]] = []
    stream = a_stream()[:2]
    any_task(stream, lambda: FakeScratch(log), Terms(), NONE)
    assert log == [
        *[("asked", PROMPTS["carts"])] * 2,
        ("learned", "1"),
        *[("asked", PROMPTS["users"])] * 2,
        ("learned", "2"),
        ("closed", ""),
    ]


def test_at_edit_time_the_code_is_the_question() -> None:
    """What has no code is learned from all the same, and counted."""
    log: list[tuple[str, str]] = []
    stream = [an_attempt("1", "carts", code="total = 1\n"), an_attempt("2", "carts", code=None)]
    found = any_task(stream, lambda: FakeScratch(log), Terms(edit_time=True), NONE)
    assert [text for what, text in log if what == "asked"] == ["total = 1\n"] * 2
    assert [one for what, one in log if what == "learned"] == ["1", "2"]
    assert (found.attempts, found.unasked, len(found.rows[OURS])) == (2, 1, 1)


def test_what_was_seen_is_recalled_and_judged(real: Callable[[], evaluate.Scratch]) -> None:
    """The second cart fails as the first did, and memory said so; the first could not be known."""
    found = any_task(a_stream(), real, Terms(), Baselines(WORDY))
    first, _, second, *_ = found.rows[OPEN]
    assert first.told == () and not first.repeats
    assert second.hit("rule", 1) and second.repeats == {"rule", "exact"}
    assert found.attempts == 7 and found.patterns == 3
    assert set(found.rows) == {OURS, OPEN, *WORDY}
    assert all(len(rows) == 7 for rows in found.rows.values())
    assert all(not row.told for row in (found.rows[name][0] for name in WORDY))


def test_a_task_is_asked_of_a_memory_that_never_saw_it(real: Callable[[], evaluate.Scratch]) -> None:
    """The same answers, to the last score, as of a memory into which nothing of the task ever went."""
    stream = a_stream()
    found = cross_task(stream, real, Terms(), NONE, left_out_by(Settings(), None, 1))
    for task in PROMPTS:
        places = [place for place, attempt in enumerate(stream) if attempt.task == task]
        for place in places:
            others = [attempt for attempt in stream[:place] if attempt.task != task]
            alone = any_task([*others, stream[place]], real, Terms(), NONE)
            for name in (OURS, OPEN):
                expected, given = alone.rows[name][-1], found.rows[name][place]
                assert [one.right for one in given.told] == [one.right for one in expected.told]
                assert [one.score for one in given.told] == pytest.approx(
                    [one.score for one in expected.told], abs=0.01
                )
                assert given.repeats == expected.repeats
    assert not found.rows[OPEN][2].repeats  # the cart's mistake came under no other task yet
    assert found.rows[OPEN][4].repeats  # and then under the graph's


def test_a_task_asks_no_longer_than_it_comes() -> None:
    """What comes after the last question of a task need not be learned for it."""
    log: list[tuple[str, str]] = []
    journal = [Learned(attempt=an_attempt(name, task), entries=()) for name, task in ("1a", "2b", "3a", "4b")]
    found = left_out(journal, lambda: FakeScratch(log), Terms(), "b")
    assert [place for place, _ in found] == [1, 3]
    assert [one for what, one in log if what == "repeated"] == ["1", "3"]
    log.clear()
    found = left_out(journal, lambda: FakeScratch(log), Terms(), "a")
    assert [place for place, _ in found] == [0, 2]
    assert [one for what, one in log if what == "repeated"] == ["2"]


class FakeWatcher:
    """Sees one mistake on line 2 of anything."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint

    def alarms(self, path: str, text: str, model: str | None) -> Sequence[Alarm]:
        return [Alarm(fingerprint=self._fingerprint, line=2)]


def test_a_watcher_is_judged_by_the_line(real: Callable[[], evaluate.Scratch], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where something knows mistakes by sight, its hits and false alarms stand beside the text's."""
    with real() as scratch:
        known = scratch.learn(an_attempt("0", "carts", a_failure(line=2))).laid[0][0]
    monkeypatch.setattr("pytest_llmlearn.app.scratch.Scratch.watcher", FakeWatcher(known))
    stream = [
        an_attempt("1", "carts", a_failure(line=2)),
        an_attempt("2", "carts", a_failure(line=2)),
        an_attempt("3", "carts"),
    ]
    rows = any_task(stream, real, Terms(edit_time=True), NONE).rows[evaluate.LINES]
    assert [row.hit("rule") for row in rows] == [False, True, False]
    assert rows[2].passed and rows[2].told


class FakeEmbedder:
    """A direction each for carts, users and everything else. Counts what it was asked for."""

    name = "fake"
    dimension = 3

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> Matrix:
        numpy = pytest.importorskip("numpy", reason="vectors need numpy")
        self.asked += texts
        rows = [["cart" in text, "user" in text, "graph" in text] for text in texts]
        found: Matrix = numpy.array(rows, dtype=numpy.float32)
        return found


def ranked(stream: Sequence[Attempt], asked: Attempt, but: str | None = None) -> dict[str, list[str]]:
    """What each opponent says after this stream; fingerprints are the exceptions' names."""
    pytest.importorskip("numpy", reason="vectors need numpy")
    opponents = Baselines(NAMES, FakeEmbedder())
    for attempt in stream:
        opponents.learn(attempt, [(failure.exception, failure) for failure in attempt.failures])
    return opponents.ranked(asked, 2, but)


def test_each_opponent_has_its_own_first() -> None:
    """Most often, latest, by this model, by words, by meaning."""
    found = ranked(a_stream(), an_attempt("8", "users", model="model-b"))
    assert found["frequency"][0] == "KeyError"
    assert found["recency"][0] == "AttributeError"
    assert found["same-model"][:2] == ["KeyError", "AttributeError"]
    assert found["bm25"][0] == "AttributeError"
    assert found["dense"][0] == "AttributeError"
    assert ranked(a_stream(), an_attempt("8", "carts"))["dense"][0] == "KeyError"


def test_opponents_can_leave_a_task_out_with_its_counts() -> None:
    """They say what they would say had they never seen it."""
    stream = a_stream()
    asked = an_attempt("8", "carts")
    without = [attempt for attempt in stream if attempt.task != "carts"]
    assert ranked(stream, asked, but="carts") == ranked(without, asked)
    assert ranked(stream, asked, but="carts") != ranked(stream, asked)


def test_without_an_embedder_nothing_is_said_by_meaning() -> None:
    """The others answer all the same."""
    assert Baselines(NAMES).names == WORDY


def test_a_vector_is_made_once_for_each_text() -> None:
    """However many memories ask for it."""
    numpy = pytest.importorskip("numpy", reason="vectors need numpy")
    inner = FakeEmbedder()
    embedder = Remembering(inner)
    first = embedder.embed(["cart", "user", "cart"])
    again = embedder.embed(["user"])
    assert inner.asked == ["cart", "user"]
    assert numpy.array_equal(first[1], again[0]) and first.shape == (3, 3)
    assert embedder.embed([]).shape == (0, 3)


def test_progress_is_told_for_every_question(real: Callable[[], evaluate.Scratch]) -> None:
    """Of how many, as soon as that is known."""
    steps: list[tuple[int, int | None]] = []
    stream = a_stream()[:3]
    any_task(iter(stream), real, Terms(), NONE, lambda done, whole: steps.append((done, whole)))
    assert steps == [(1, None), (2, None), (3, None)]
    steps.clear()

    cross_task(
        stream, real, Terms(), NONE, left_out_by(Settings(), None, 1), lambda done, whole: steps.append((done, whole))
    )
    assert steps[-1] == (3, 3)


def test_what_was_learned_has_vectors_before_the_next_question() -> None:
    """As it would have them a moment later; each text is embedded once, in however many memories it stands."""
    pytest.importorskip("numpy", reason="vectors need numpy")
    inner = FakeEmbedder()
    opened = scratches(Settings(), Remembering(inner))
    counts = []
    for _ in range(2):
        with opened() as scratch:
            scratch.learn(an_attempt("1", "carts", a_failure()))
            counts.append(len(inner.asked))
            scratch.recall(Query(text="a cart", threshold=0))
            counts.append(len(inner.asked))
    assert counts[0] == 0 and counts[1] > 0 and counts[1:] == [counts[1]] * 3
    assert len(inner.asked) == len(set(inner.asked))
