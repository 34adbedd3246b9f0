"""The account of each model."""

from __future__ import annotations

from typing import Any

from pytest_llmlearn.domain.generation import Outcome
from pytest_llmlearn.domain.models import ModelRates, State, by_model
from pytest_llmlearn.domain.tool_names import same_model
from tests.builders import a_generation


def a_state(**changes: Any) -> State:
    values: dict[str, Any] = {"model": "model-a", "path": "app/users.py", "qualname": "load_user", "code": "h1"}
    return State(**{**values, **changes})


def _only(rates: list[ModelRates]) -> ModelRates:
    (one,) = rates
    return one


def test_first_runs_are_counted_of_those_that_were_reached() -> None:
    """One green, one red, one that awaits."""
    made = [
        a_generation("g-1", outcome=Outcome(passed=2, failed=0)),
        a_generation("g-2", outcome=Outcome(passed=2, failed=1)),
        a_generation("g-3"),
    ]
    one = _only(by_model(made, [], []))
    assert (one.generations, one.first_pass.count, one.first_pass.of) == (3, 1, 2)


def test_what_was_edited_again_is_counted_of_all_but_deletions() -> None:
    """A file that is gone cannot be edited."""
    made = [
        a_generation("g-1", outcome=Outcome(edited_again=True)),
        a_generation("g-2"),
        a_generation("g-3", operation="delete"),
    ]
    one = _only(by_model(made, [], []))
    assert (one.re_edit.count, one.re_edit.of) == (1, 2)


def test_a_green_first_run_and_an_edit_at_once_are_told_apart() -> None:
    """Neither is weighed against the other."""
    one = _only(by_model([a_generation(outcome=Outcome(passed=1, failed=0, edited_again=True))], [], []))
    assert (one.first_pass.count, one.re_edit.count) == (1, 1)


def test_failures_are_counted_of_the_functions_that_tests_exercise() -> None:
    """Two are there, one of which failed as it is now."""
    exposed = [a_state(), a_state(qualname="other", code="h2")]
    one = _only(by_model([], exposed, [a_state()]))
    assert (one.failures.count, one.failures.of) == (1, 2)


def test_a_state_that_failed_and_was_repaired_counts_beside_the_present_one() -> None:
    """It was exposed to tests, too."""
    one = _only(by_model([], [a_state(code="repaired")], [a_state(code="red")]))
    assert (one.failures.count, one.failures.of) == (1, 2)


def test_who_wrote_a_function_is_known_best_now() -> None:
    """It failed under another name of its model."""
    one = _only(by_model([], [a_state(model="model-b")], [a_state(model="unknown")]))
    assert (one.model, one.failures.count, one.failures.of) == ("model-b", 1, 1)


def test_the_model_with_most_generations_comes_first() -> None:
    """Where none is named, the tool stands for it, else `unknown`."""
    made = [
        a_generation("g-1", model=None, tool="cursor"),
        a_generation("g-2", model=None, tool="cursor"),
        a_generation("g-3", model=None),
        a_generation("g-4", model="model-z"),
    ]
    found = [one.model for one in by_model(made, [a_state()], [])]
    assert found == ["cursor", "model-z", "unknown", "model-a"]


def test_a_model_is_one_however_it_is_spelled() -> None:
    """A commit, a trace and an event name one model in three ways; the name used most stands for it."""
    names = ["Claude Opus 4.6", "Claude Opus 4.6 (1M context)", "claude-opus-4-6", "anthropic/claude-opus-4-6-20260115"]
    assert len({same_model(name) for name in names}) == 1
    assert len({same_model(name) for name in ("gpt-4o", "gpt-4o-mini", "gpt-4", "o4-mini")}) == 4
    told = [a_generation(f"g-{number}", model=name) for number, name in enumerate([*names, "claude-opus-4-6"])]
    rates = by_model(told, [], [])
    assert [(one.model, one.generations) for one in rates] == [("claude-opus-4-6", 5)]
