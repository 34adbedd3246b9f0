"""Recall of a whole memory that was asked before: what is shown, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn import Memory, Occurrence, Query
from pytest_llmlearn.domain.guidance import Guidance
from pytest_llmlearn.settings import Settings

pytest.importorskip("numpy", reason="the extra vectors is not installed")

STACK = "write a stack class with push, pop and peek"
STACK_AGAIN = "write a stack class with push, pop, peek and size"
INVOICE = "parse the invoice header and sum its positions by customer"
OFF_TOPIC = "which cheese goes with a glass of red wine at dinner"

MISTAKES = (
    ("KeyError", "'a'"),
    ("ValueError", "not enough values to unpack (expected 2, got 1)"),
    ("IndexError", "list index out of range"),
    ("TypeError", "unhashable type: 'list'"),
    ("ZeroDivisionError", "division by zero"),
    ("RecursionError", "maximum recursion depth exceeded"),
    ("OverflowError", "math range error"),
    ("FileNotFoundError", "[Errno 2] No such file or directory: 'x'"),
    ("StopIteration", "exhausted"),
    ("AttributeError", "'NoneType' object has no attribute 'x'"),
)
"""No two of one kin, nor of one symbol."""


def a_failure(name: str, exception: str = "KeyError", message: str = "'total'", **changes: Any) -> Occurrence:
    """A failure of the function `name`, handed in by a model that was asked for a stack."""
    values: dict[str, Any] = {
        "nodeid": f"tests/test_{name}.py::test_{name}", "when": "call", "exception": exception, "mro": [exception],
        "message": message, "path": f"made/{name}.py", "line": 2, "function": name, "statement": f"return {name}_of(x)",
        "code": f"def {name}(x):\n    return {name}_of(x)\n", "model": "model-a", "prompt": STACK,
    }  # fmt: skip
    return Occurrence.from_dict({**values, **changes})


class Asked:
    """A memory that is asked and taught; `settings` are beside those that make it fast."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.root = root
        self.memory = Memory.open(root, settings=Settings(**{"embedder": "hashing", **settings}))

    def fails(self, *failures: Occurrence, times: int = 1) -> Asked:
        """Each time with other code, and so another attempt."""
        for number in range(times):
            self.memory.record([one.replace(code=f"{one.code}    y{number} = x\n") for one in failures])
        return self

    def ask(self, text: str = STACK, **changes: Any) -> Guidance:
        return self.memory.recall(Query(text=text, **changes))

    def names(self, text: str = STACK, **changes: Any) -> list[str]:
        """The functions in which what is shown was seen last."""
        return [match.pattern.unit.rpartition(":")[2] for match in self.ask(text, **changes).matches]

    def opened(self, **settings: Any) -> Asked:
        """The same memory under other settings."""
        self.memory.close()
        return Asked(self.root, **settings)


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Asked]:
    made = Asked(tmp_path)
    yield made
    made.memory.close()


def test_what_came_of_a_request_is_shown_when_it_is_asked_again(asked: Asked) -> None:
    """Though it has no word in common with the mistake; in other words too, and with its reason."""
    asked.fails(a_failure("alpha"), times=3)
    (match,) = asked.ask().matches
    assert match.reasons[0] == "came of this request before"
    (like,) = asked.ask(STACK_AGAIN).matches
    assert like.reasons[0] in ("came of this request before", "came of a like request")
    assert match.score >= like.score > 0


def test_two_lessons_of_one_kin_do_not_both_show(asked: Asked) -> None:
    """They say the same; the room is for another."""
    lacking = "module 'numpy' has no attribute '{}'"
    asked.fails(
        a_failure("alpha", "AttributeError", lacking.format("asscalar")),
        a_failure("beta", "AttributeError", lacking.format("product_of")),
        a_failure("gamma", *MISTAKES[1]),
        times=3,
    )
    patterns = asked.memory.patterns()
    assert len({pattern.symbol_key for pattern in patterns}) == 3 and len({pattern.kin for pattern in patterns}) == 2
    shown = asked.names(threshold=0)
    assert len(shown) == 2 and "gamma" in shown


def test_a_symbol_that_is_named_is_a_cause_of_its_own(asked: Asked) -> None:
    """Two names that a library lacks are of one kin, and a question that names both is told of both."""
    for name in ("asscalar", "product_of"):
        asked.fails(
            a_failure(
                name, "AttributeError", f"module 'numpy' has no attribute '{name}'",
                statement=f"return numpy.{name}(x)", line=5,
                code=f"import numpy\n\n\ndef {name}(x):\n    return numpy.{name}(x)\n",
            )
        )  # fmt: skip
    assert set(asked.names("use numpy.asscalar and numpy.product_of")) == {"asscalar", "product_of"}


@pytest.mark.parametrize("limit", [1, 3, 5])
def test_a_strict_filter_gives_no_fewer_than_there_are(asked: Asked, limit: int) -> None:
    """What other models did, nearer and more often, takes nobody's place."""
    for place, mistake in enumerate(MISTAKES):
        model = "model-a" if place < 5 else "model-b"
        asked.fails(a_failure(f"f{place}", *mistake, model=model), times=1 if model == "model-a" else 4)
    strict = asked.opened(same_model_only=True)
    try:
        own = strict.ask(model="model-a", limit=limit, threshold=0).matches
        assert len(own) == limit and all(match.pattern.models == ("model-a",) for match in own)
        assert len(strict.ask(limit=10, threshold=0).matches) == 10
        assert strict.ask(model="model-z", threshold=0).abstained
    finally:
        strict.memory.close()


def test_models_are_not_filtered_unless_that_is_set(asked: Asked) -> None:
    """Another model's mistake is shown, and says whose it is."""
    asked.fails(a_failure("alpha", model="model-b"), times=3)
    (match,) = asked.ask(model="model-a").matches
    assert match.pattern.models == ("model-b",) and not any("same model" in reason for reason in match.reasons)


@pytest.mark.parametrize("confidence", [0.0, 0.999])
def test_a_lesson_below_the_least_confidence_is_not_shown(asked: Asked, confidence: float) -> None:
    """However near it is."""
    asked.fails(a_failure("alpha"), times=2)
    cautious = asked.opened(min_confidence=confidence)
    try:
        assert cautious.ask(threshold=0).abstained is (confidence > 0.5)
    finally:
        cautious.memory.close()


def often(asked: Asked) -> Asked:
    """A mistake with a library, made often, under a request that has nothing to do with the next."""
    frequent = a_failure(
        "mean_of", "AttributeError", "module 'statistics' has no attribute 'average'", prompt="compute a mean",
        statement="return statistics.average(x)", line=5,
        code="import statistics\n\n\ndef mean_of(x):\n    return statistics.average(x)\n",
    )  # fmt: skip
    return asked.fails(frequent, times=8)


def test_frequency_alone_shows_nothing(asked: Asked) -> None:
    """Nor does it in a file that has nothing to do with it."""
    often(asked)
    (asked.root / "made").mkdir()
    (asked.root / "made" / "other.py").write_text("import json\n", encoding="utf-8")
    assert asked.ask(INVOICE).abstained
    assert asked.ask(INVOICE, path="made/other.py").abstained
    assert asked.ask(INVOICE, path="nowhere/new.py").abstained


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({}, f"{INVOICE} with statistics.average"),
        ({"made/new.py": "import statistics\n\nx = statistics.average([1])\n"}, INVOICE),
        ({"made/new.py": "", "made/beside.py": "from statistics import average\n"}, INVOICE),
        ({"made/beside.py": "x = statistics.average\n"}, INVOICE),
    ],
    ids=["in the question", "in its file", "imported beside it", "beside a file that is not there yet"],
)
def test_frequency_counts_where_its_symbols_occur(asked: Asked, files: dict[str, str], text: str) -> None:
    """In the question, its file, or the files beside it: then it is a candidate, of which its score decides."""
    often(asked)
    for path, content in files.items():
        (asked.root / path).parent.mkdir(exist_ok=True)
        (asked.root / path).write_text(content, encoding="utf-8")
    found = asked.ask(text, path="made/new.py")
    considered = [*(match.pattern for match in found.matches), *(one.pattern for one in found.below)]
    assert [pattern.rule_id for pattern in considered] == ["import.module-attribute-missing"]
    parts = [*(match.parts for match in found.matches), *(one.parts for one in found.below)]
    assert any("frequency" in each for each in parts)


def test_what_is_always_shown_competes_for_its_slots(asked: Asked) -> None:
    """In up to half of them, whatever the question; what is near keeps the rest, and the limit holds."""
    for place, mistake in enumerate(MISTAKES):
        if place < 4:
            asked.fails(a_failure(f"often{place}", *mistake, prompt="long ago"), times=16)
        else:
            asked.fails(a_failure(f"near{place}", *mistake), times=3)
    for pattern in asked.memory.patterns():
        asked.memory.approve(pattern.fingerprint)
    assert sum(pattern.always_inject for pattern in asked.memory.patterns()) == 4
    found = asked.ask(limit=4).matches
    forced = [match for match in found if match.always]
    assert (len(found), len(forced)) == (4, 2)
    assert all(match.pattern.unit.rpartition(":")[2].startswith("near") for match in found if not match.always)
    unasked = asked.ask(OFF_TOPIC, limit=4).matches
    assert unasked and all(match.always for match in unasked)


def test_the_threshold_comes_before_the_best(asked: Asked) -> None:
    """What does not reach it is not shown though there is room, and is told of below."""
    asked.fails(a_failure("alpha"), times=3)
    for number in range(4):
        asked.fails(a_failure(f"f{number}", f"F{number}Error", f"kind {number}", prompt=f"{STACK_AGAIN} {number}"))
    every = asked.ask(threshold=0, limit=10).matches
    middle = every[1].score + 1e-4
    found = asked.ask(threshold=middle, limit=10)
    assert [match.score >= middle for match in found.matches] == [True]
    assert found.below and all(one.score < middle for one in found.below)
    assert asked.ask(threshold=1.0).abstained


@pytest.mark.parametrize("text", [OFF_TOPIC, "", "🦆", "the of and", INVOICE])
def test_silence_where_nothing_like_it_was_asked(asked: Asked, text: str) -> None:
    """Nor has a word in common."""
    asked.fails(a_failure("alpha"), a_failure("beta", "ValueError", "too many values to unpack"), times=4)
    found = asked.ask(text)
    assert found.abstained and found.text == ""


def test_each_lesson_says_what_its_score_is_made_of(asked: Asked) -> None:
    """The parts come to the score, of what is shown and of what is not."""
    asked.fails(a_failure("alpha"), a_failure("beta", "ValueError", "too many values to unpack"), times=3)
    found = asked.ask("push to alpha", threshold=0)
    from pytest_llmlearn.domain.score import TOLERANCE, probability

    told = [*((one.parts, one.score) for one in found.matches), *((one.parts, one.score) for one in found.below)]
    assert len(told) == 2
    for parts, score in told:
        assert parts and probability(parts.values()) == pytest.approx(score, abs=TOLERANCE)


def test_the_same_question_has_the_same_answer(asked: Asked) -> None:
    """Asked twice, and by another process that comes later."""
    asked.fails(a_failure("alpha"), a_failure("beta", "ValueError", "too many values to unpack"), times=3)
    first = [(match.pattern.fingerprint, match.score) for match in asked.ask(threshold=0).matches]
    again = [(match.pattern.fingerprint, match.score) for match in asked.ask(threshold=0).matches]
    later = asked.opened()
    try:
        reopened = [(match.pattern.fingerprint, match.score) for match in later.ask(threshold=0).matches]
    finally:
        later.memory.close()
    assert [name for name, _ in first] == [name for name, _ in again] == [name for name, _ in reopened]
    assert [score for _, score in first] == pytest.approx([score for _, score in reopened], abs=2e-3)
