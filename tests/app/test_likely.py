"""What is likely to go wrong, by what came of like requests."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmlearn.app.likely import Likely, Outlook
from pytest_llmlearn.app.meaning import Meant
from pytest_llmlearn.domain import request
from pytest_llmlearn.domain.score import probability
from tests.builders import a_run, an_entry
from tests.fakes import FakeRequests, FakeStore

STACK = "write a stack class with push, pop and peek"
LIKE = "write a stack class with push, pop, peek and a size"
PRIMES = "the sieve of eratosthenes up to a limit"
KEY, INDEX = "KeyError:'Q'", "IndexError:list index out of range"


class Past:
    """A store that failures come into, one run each."""

    def __init__(self) -> None:
        self.store = FakeStore()
        self.requests = FakeRequests(self.store)
        self._runs = 0

    def fail(self, prompt: str | None, *failures: dict[str, Any], times: int = 1) -> Past:
        for _ in range(times):
            self._runs += 1
            entries = [
                an_entry(
                    one.get("pattern", "1:key"),
                    source="handed-in",
                    prompt=prompt,
                    kin=one.get("kin", KEY),
                    model=one.get("model", "model-a"),
                    unit_hash=f"{self._runs}",
                )
                for one in failures or ({},)
            ]
            self.store.record(a_run(f"run-{self._runs}"), entries)
        return self

    def outlook(
        self, text: str, *, model: str | None = None, meant: Meant | None = None, only: bool = False, kins: Any = ()
    ) -> Outlook:
        return Likely(self.requests, only=only).outlook(text, model, meant, kins)


@pytest.fixture
def past() -> Past:
    return Past()


def key(text: str) -> str:
    return f"prompt:{request.digest_of(text).hex()}"


def test_with_no_request_known_nothing_is_likely(past: Past) -> None:
    """However often it failed."""
    past.fail(None, times=9)
    assert past.outlook(STACK) == Outlook()


def test_what_came_of_this_request_is_likely_to_come_again(past: Past) -> None:
    """It is told to have been tried, and the mistake to have been made here."""
    past.fail(STACK, times=3).fail(PRIMES, {"pattern": "1:index", "kin": INDEX}, times=3)
    outlook = past.outlook(STACK)
    here, elsewhere = outlook.chances[KEY], outlook.chances[INDEX]
    assert here.supported and here.same == pytest.approx(3, abs=0.1)
    assert not elsewhere.supported and elsewhere.same == 0
    assert here.log_odds > elsewhere.log_odds
    assert outlook.tried == pytest.approx(3, abs=0.1)


def test_attempts_that_passed_make_it_less_likely(past: Past) -> None:
    """One failure in one attempt is more than one in ten."""
    past.fail(STACK)
    before = past.outlook(STACK).chances[KEY].log_odds
    past.requests.passed([(STACK, "model-a")] * 9)
    after = past.outlook(STACK)
    assert after.chances[KEY].log_odds < before and after.tried > 9


def test_a_like_request_supports_what_came_of_it_and_less_so_than_the_same(past: Past) -> None:
    """By its words, where there are no vectors."""
    past.fail(LIKE, times=2).fail(PRIMES, {"pattern": "1:index", "kin": INDEX}, times=2)
    outlook = past.outlook(STACK)
    assert outlook.chances[KEY].supported and not outlook.chances[INDEX].supported
    assert 0 < outlook.chances[KEY].same < 2
    assert outlook.chances[KEY].log_odds < past.outlook(LIKE).chances[KEY].log_odds


def test_a_request_in_entirely_other_words_is_found_by_its_meaning(past: Past) -> None:
    """By its key among the nearest vectors; not without."""
    asked = "last in, first out container"
    past.fail(STACK, times=2)
    assert not past.outlook(asked).chances[KEY].supported
    meant = Meant(requests={key(STACK): 0.95})
    assert past.outlook(asked, meant=meant).chances[KEY].supported


def test_words_in_common_of_another_meaning_count_less(past: Past) -> None:
    """With vectors a request has both, and one that is not among the nearest is no nearer than the last of them."""
    past.fail(LIKE).fail(PRIMES, {"pattern": "1:index", "kin": INDEX})
    near = past.outlook(STACK, meant=Meant(requests={key(LIKE): 0.9, key(PRIMES): 0.3}))
    far = past.outlook(STACK, meant=Meant(requests={key(PRIMES): 0.3}))
    assert near.chances[KEY].log_odds > far.chances[KEY].log_odds


def test_the_same_request_is_as_alike_as_can_be_before_it_has_a_vector(past: Past) -> None:
    """It was just asked, and what gives vectors is behind."""
    past.fail(STACK, times=2)
    assert past.outlook(STACK, meant=Meant(requests={key(PRIMES): 0.4})).chances[KEY].same == pytest.approx(2, abs=0.1)


def test_two_patterns_of_one_kin_in_one_run_are_one_attempt(past: Past) -> None:
    """More tests that fail the same way say no more."""
    past.fail(STACK, {"pattern": "1:one"})
    alone = past.outlook(STACK).chances[KEY].same
    both = Past().fail(STACK, {"pattern": "1:one"}, {"pattern": "1:two"})
    assert both.outlook(STACK).chances[KEY].same == pytest.approx(alone)


def test_the_pattern_that_was_made_here_stands_for_its_kin(past: Past) -> None:
    """Though another of it is more frequent."""
    past.fail(PRIMES, {"pattern": "1:often"}, times=5).fail(STACK, {"pattern": "1:here"})
    assert past.outlook(STACK).chances[KEY].pattern.fingerprint == "1:here"
    assert past.outlook(PRIMES).chances[KEY].pattern.fingerprint == "1:often"


def test_of_patterns_made_here_that_of_the_asking_model_stands_for_the_kin(past: Past) -> None:
    """Where they were made as often; without a model the more frequent one."""
    past.fail(STACK, {"pattern": "1:theirs", "model": "model-b"}, {"pattern": "1:own"})
    past.fail(None, {"pattern": "1:theirs", "model": "model-b"}, times=3)
    assert past.outlook(STACK, model="model-a").chances[KEY].pattern.fingerprint == "1:own"
    assert past.outlook(STACK, model="model-b").chances[KEY].pattern.fingerprint == "1:theirs"
    assert past.outlook(STACK).chances[KEY].pattern.fingerprint == "1:theirs"


def test_only_what_the_asking_model_was_seen_doing(past: Past) -> None:
    """Where that is asked for."""
    past.fail(STACK, {"model": "model-b"}, {"pattern": "1:index", "kin": INDEX})
    assert set(past.outlook(STACK, model="model-a", only=True).chances) == {INDEX}
    assert set(past.outlook(STACK, model="model-a").chances) == {KEY, INDEX}


def test_kins_that_are_asked_for_have_a_chance_too(past: Past) -> None:
    """Those that the question speaks of, however rare; those that nobody made have none."""
    for number in range(60):
        past.fail(PRIMES, {"pattern": f"1:{number}", "kin": f"E{number}:x"}, times=2)
    past.fail(None)
    assert KEY not in past.outlook(STACK).chances
    assert KEY in past.outlook(STACK, kins=[KEY, "NoError:x"]).chances
    assert "NoError:x" not in past.outlook(STACK, kins=["NoError:x"]).chances


def test_the_parts_sum_to_the_log_odds(past: Past) -> None:
    """And each has a name of its own."""
    chance = past.fail(STACK).outlook(STACK).chances[KEY]
    assert sum(part.contribution for part in chance.parts) == pytest.approx(chance.log_odds)
    assert 0 < probability(chance.parts) < 1
    assert len({part.name for part in chance.parts}) == len(chance.parts)


@pytest.mark.parametrize("text", ["", " \n", "🦆", "the of and", "x" * 50_000, "\ud800", "\0"])
def test_any_question_has_an_outlook(past: Past, text: str) -> None:
    """Supported by nothing where it says nothing."""
    outlook = past.fail(STACK).outlook(text)
    assert not any(chance.supported for chance in outlook.chances.values())
