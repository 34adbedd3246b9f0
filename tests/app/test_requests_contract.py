"""What remembered requests keep to, the real ones and their stand-in alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.app.ports import Ledger, Store
from pytest_llmlearn.app.ports.requests import Experience, Requests
from pytest_llmlearn.domain import request
from pytest_llmlearn.domain.request import Counts, Made, Request
from tests.builders import a_generation, a_run, an_entry, at
from tests.fakes import FakeLedger, FakeRequests, FakeStore

STACK = "write a stack with push and pop"
QUEUE = "write a queue with push and take"
PRIMES = "sieve of eratosthenes"
KEY, INDEX = "KeyError:'Q'", "IndexError:list index out of range"


class Remembered(Requests, Protocol):
    """With what a replay tells beside."""

    def passed(self, attempts: Sequence[tuple[str | None, str]]) -> None: ...


@dataclass
class Bench:
    """Requests beside the store and the ledger that they are learned from."""

    store: Store
    ledger: Ledger
    requests: Remembered
    runs: int = 0

    def fail(self, *failures: dict[str, Any]) -> None:
        """One run with these failures, handed in unless they say otherwise."""
        self.runs += 1
        entries = [
            an_entry(
                one.pop("pattern", "1:key"), **{"source": "handed-in", "kin": KEY, "unit_hash": f"{self.runs}", **one}
            )
            for one in failures
        ]
        self.store.record(a_run(f"run-{self.runs}"), entries)

    def known(self, text: str) -> Request | None:
        """What is remembered of this very request."""
        found = self.requests.like(request.digest_of(text), (), (), 0)
        assert len(found) <= 1
        return found[0] if found else None

    def of(self, *texts: str, kins: Sequence[str] = (), model: str | None = None, **more: Any) -> Experience:
        """What came of these requests."""
        return self.requests.experience([key(text) for text in texts], kins, model, **{"common": 24, **more})


@pytest.fixture(params=["sqlite", "fake"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "sqlite":
        real = SqliteStore(tmp_path, clock=lambda: at(5))
        yield Bench(real, real.ledger(), real.requests())
        real.close()
    else:
        store = FakeStore(clock=lambda: at(5))
        ledger = FakeLedger(store)
        yield Bench(store, ledger, FakeRequests(store, ledger))


def key(text: str) -> str:
    return f"prompt:{request.digest_of(text).hex()}"


def told(made: Sequence[Made]) -> dict[tuple[str, str, str], int]:
    """How often each pattern was made by each model, by request."""
    return {(one.request, one.pattern, one.model): one.count for one in made}


def test_nothing_is_remembered_of_an_empty_store(bench: Bench) -> None:
    """And asking makes nothing."""
    total, known = bench.requests.rarity(["stack"])
    assert (total, known.get("stack", 0)) == (0, 0)
    assert bench.requests.like(request.digest_of(STACK), ["stack"], [key(QUEUE)], 5) == []
    found = bench.of(STACK, kins=[KEY], model="model-a")
    assert (found.everything, list(found.made), found.kins, found.exceptions, found.shown) == (Counts(), [], {}, {}, {})


def test_one_run_is_one_attempt_of_each_model_however_many_tests_failed(bench: Bench) -> None:
    """Of the request, of the kin, of its exception, and of all."""
    bench.fail(
        *({"nodeid": f"t.py::test_{number}", "prompt": STACK} for number in range(5)),
        {"pattern": "1:key2", "prompt": STACK},
        {"pattern": "1:index", "kin": INDEX, "prompt": STACK},
        {"model": "model-b", "prompt": STACK},
    )
    known = bench.known(STACK)
    assert known is not None and (known.attempts, known.failed) == (2, 2)
    found = bench.of(STACK)
    assert found.everything.models == {"model-a": 1, "model-b": 1}
    assert found.kins == {
        KEY: Counts(models={"model-a": 1, "model-b": 1}, requests=1),
        INDEX: Counts(models={"model-a": 1}, requests=1),
    }
    assert found.exceptions["KeyError"].models == {"model-a": 1, "model-b": 1}
    here = key(STACK)
    assert told(found.made) == {
        (here, "1:key", "model-a"): 1,
        (here, "1:key", "model-b"): 1,
        (here, "1:key2", "model-a"): 1,
        (here, "1:index", "model-a"): 1,
    }


def test_a_request_asked_again_is_the_same_one(bench: Bench) -> None:
    """However it is broken into lines; each run is another attempt at it."""
    bench.fail({"prompt": STACK})
    bench.fail({"prompt": f"  {STACK.replace(' ', chr(10))} "})
    known = bench.known(STACK)
    assert known is not None and (known.attempts, known.failed) == (2, 2)
    assert known.words == frozenset(request.words_of(STACK))
    found = bench.of(STACK)
    assert told(found.made) == {(key(STACK), "1:key", "model-a"): 2}
    assert found.kins[KEY] == Counts(models={"model-a": 2}, requests=1)


def test_a_request_told_in_two_ways_within_one_run_is_one_attempt(bench: Bench) -> None:
    """White space makes no second one."""
    bench.fail({"prompt": STACK}, {"prompt": f"{STACK}\n"})
    known = bench.known(STACK)
    assert known is not None and known.attempts == 1
    assert told(bench.of(STACK).made) == {(key(STACK), "1:key", "model-a"): 1}


def test_requests_of_a_kin_are_counted_each_once(bench: Bench) -> None:
    """A kin that comes of two requests is broader than one that comes twice of one."""
    for prompt in (STACK, QUEUE, STACK):
        bench.fail({"prompt": prompt})
    assert bench.of(STACK).kins[KEY] == Counts(models={"model-a": 3}, requests=2)


@pytest.mark.parametrize("prompt", [None, "", " \n\t"])
def test_without_a_request_it_is_an_attempt_all_the_same(bench: Bench, prompt: str | None) -> None:
    """Of the model and of the kin."""
    bench.fail({"prompt": prompt})
    assert bench.requests.rarity([])[0] == 0
    found = bench.of(STACK)
    assert found.everything.models == {"model-a": 1} and found.kins[KEY].attempts == 1 and found.made == []


def test_code_that_fails_as_it_failed_before_is_no_other_attempt(bench: Bench) -> None:
    """Of runs that were watched: the same code is run every day."""
    for _ in range(3):
        bench.fail({"source": "test", "unit_hash": "same", "prompt": STACK})
    assert bench.of(STACK).everything.attempts == 1
    bench.fail({"source": "test", "unit_hash": "other", "prompt": STACK})
    assert bench.of(STACK).everything.attempts == 2


@pytest.mark.parametrize("change", [{"flaky": True}, {"scope": "test"}, {"scope": "environment"}], ids=str)
def test_what_does_not_count_is_no_attempt(bench: Bench, change: dict[str, Any]) -> None:
    """Neither of a request nor of a model."""
    bench.fail({"prompt": STACK, **change})
    assert bench.known(STACK) is None and bench.of(STACK).everything.attempts == 0


def test_requests_are_found_by_their_words_the_likest_first(bench: Bench) -> None:
    """Beside the one that is asked for and those that are named, and no more than the limit of others."""
    for prompt in (STACK, QUEUE, PRIMES):
        bench.fail({"prompt": prompt})
    total, known = bench.requests.rarity(["push", "stack", "siev", "tree"])
    assert total == 3
    assert [known.get(term, 0) for term in ("push", "stack", "siev", "tree")] == [2, 1, 1, 0]
    asked = request.words_of("a stack to push to")
    found = bench.requests.like(request.digest_of("a stack to push to"), asked, (), 5)
    assert [one.key for one in found] == [key(STACK), key(QUEUE)]
    assert [one.key for one in bench.requests.like(b"x" * 16, asked, (), 1)] == [key(STACK)]
    named = bench.requests.like(request.digest_of(STACK), asked, [key(PRIMES)], 5)
    assert sorted(one.key for one in named) == sorted(map(key, (STACK, QUEUE, PRIMES)))


def test_what_is_no_word_for_the_index_finds_nothing(bench: Bench) -> None:
    """Quotes and operators of the query language are only text."""
    bench.fail({"prompt": STACK})
    assert bench.requests.like(b"x" * 16, ['"', "AND", "NEAR(", "push*", "\ud800"], ["prompt:00"], 5) == []


def test_attempts_that_passed_are_counted_beside_those_that_failed(bench: Bench) -> None:
    """Of a request that is known and of one that never failed; without a request of the model alone."""
    bench.fail({"prompt": STACK})
    bench.requests.passed([(STACK, "model-a"), (STACK, "model-b"), (QUEUE, "model-a"), (None, "model-a"), (" ", "m")])
    stack, queue = bench.known(STACK), bench.known(QUEUE)
    assert stack is not None and (stack.attempts, stack.failed) == (3, 1)
    assert queue is not None and (queue.attempts, queue.failed) == (1, 0)
    found = bench.of(STACK, QUEUE)
    assert found.everything.models == {"model-a": 4, "model-b": 1, "m": 1}
    assert found.kins[KEY].attempts == 1 and len(found.made) == 1
    bench.requests.passed([])
    assert bench.requests.rarity([])[0] == 2


def test_a_run_of_tests_finds_the_request_of_the_code_in_the_ledger(bench: Bench) -> None:
    """The latest one of that function, or of the whole file; one of another function, or of another file, is not it."""
    bench.ledger.add(
        [
            a_generation("g-1", prompt="of old", time=at(-9)),
            a_generation("g-2", prompt=STACK, time=at(-8)),
            a_generation("g-3", prompt="another function", qualname="other", time=at(-7)),
            a_generation("g-4", prompt="another file", path="app/x.py", time=at(-6)),
            a_generation("g-5", prompt=None, time=at(-5)),
            a_generation("g-6", prompt=QUEUE, path="app/whole.py", qualname=None, time=at(-4)),
        ]
    )
    bench.fail({"source": "test"}, {"source": "test", "pattern": "1:whole", "path": "app/whole.py"})
    assert told(bench.of(STACK, QUEUE).made) == {
        (key(STACK), "1:key", "model-a"): 1,
        (key(QUEUE), "1:whole", "model-a"): 1,
    }
    assert bench.requests.rarity([])[0] == 2


def test_what_was_handed_in_says_itself_what_was_asked(bench: Bench) -> None:
    """The ledger is not asked: its code need not be this one."""
    bench.ledger.add([a_generation(prompt=STACK, time=at(-1))])
    bench.fail({})
    assert bench.requests.rarity([])[0] == 0


def test_a_merged_pattern_speaks_through_the_other(bench: Bench) -> None:
    """With the kin that it had itself."""
    bench.fail({"pattern": "1:root", "prompt": QUEUE}, {"pattern": "1:child", "kin": INDEX, "prompt": STACK})
    bench.store.merge("1:root", "1:child")
    found = bench.of(STACK)
    (made,) = found.made
    assert (made.pattern, made.kin) == ("1:root", INDEX)
    assert [one.fingerprint for one in found.shown[INDEX]] == ["1:root"]


def test_what_may_not_be_shown_is_not_told_of(bench: Bench) -> None:
    """A person called it wrong: it is counted, and nothing of it comes."""
    bench.fail({"pattern": "1:wrong", "prompt": STACK}, {"pattern": "1:right", "kin": INDEX, "prompt": STACK})
    bench.store.say("1:wrong", "wrong")
    found = bench.of(STACK, kins=[KEY])
    assert [one.pattern for one in found.made] == ["1:right"]
    assert KEY not in found.shown and found.everything.attempts == 1


def test_of_a_kin_not_made_here_the_most_frequent_patterns_come(bench: Bench) -> None:
    """At least the first; where one was made here, it alone."""
    bench.fail({"pattern": "1:once", "prompt": STACK})
    for number in range(2):
        bench.fail({"pattern": "1:often", "unit_hash": f"h{number}"})
    elsewhere, here = bench.of(QUEUE, kins=[KEY]), bench.of(STACK)
    assert [one.fingerprint for one in elsewhere.shown[KEY]] == ["1:often", "1:once"]
    assert [one.fingerprint for one in here.shown[KEY]] == ["1:once"]


def test_the_most_frequent_kins_come_unasked_those_of_the_model_too(bench: Bench) -> None:
    """What everybody does, and what this one does."""
    for number in range(6):
        bench.fail({"pattern": f"1:{number % 2}", "kin": f"E{number % 2}:x", "unit_hash": f"h{number}"})
    bench.fail({"pattern": "1:rare", "kin": INDEX, "model": "model-b"})
    assert INDEX not in bench.of(STACK, model="model-a", common=1).kins
    assert {INDEX, "E0:x", "E1:x"} == set(bench.of(STACK, model="model-b", common=1).kins)


def test_only_leaves_out_what_the_model_was_never_seen_doing(bench: Bench) -> None:
    """However often others did; without a model nothing is left out."""
    bench.fail(
        {"prompt": STACK}, {"pattern": "1:index", "kin": INDEX, "prompt": STACK, "model": "model-b"},
    )  # fmt: skip
    strict = bench.of(STACK, model="model-b", only=True)
    assert set(strict.kins) == {INDEX} == set(strict.shown) == {one.kin for one in strict.made}
    assert set(bench.of(STACK, model="model-b").kins) == {KEY, INDEX} == set(bench.of(STACK, only=True).kins)
    assert bench.of(STACK, model="model-z", only=True).kins == {}
