"""What came of what each model wrote, as rates with their intervals.

Three that are never made into one: how often the first run of tests was green, how often something was edited again at
once, and how many of the functions that tests exercise have failed. Nobody weighs one of them against another here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pytest_llmlearn.domain.generation import Generation
from pytest_llmlearn.domain.rates import Rate
from pytest_llmlearn.domain.tool_names import same_model

NOBODY = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One function of a model's, as its code was: `code` is the digest of its normalised code."""

    model: str
    path: str
    qualname: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRates:
    """One model's account.

    `first_pass`: generations whose first run was green, of those that a run has reached. `re_edit`: those edited again
    within the window, of all but deletions. `failures`: states of functions that failed at least once, of those exposed
    to tests.
    """

    model: str
    generations: int
    first_pass: Rate
    re_edit: Rate
    failures: Rate


def by_model(
    generations: Iterable[Generation], exposed: Collection[State], failed: Collection[State]
) -> list[ModelRates]:
    """The account of each model, those with most generations first, under the name that is used most.

    A model is one whoever names it: a commit says `Claude Opus 4.6`, a trace `claude-opus-4-6`.
    `exposed` are the functions of models in the files that tests load, as they are now; `failed` the states that
    failures were laid on, then and now. A state that failed and is there no more was exposed too.
    """
    spelled: dict[str, Counter[str]] = {}
    of_model: dict[str, list[Generation]] = {}
    for one in generations:
        name = one.model or one.tool or NOBODY
        spelled.setdefault(same_model(name), Counter())[name] += 1
        of_model.setdefault(same_model(name), []).append(one)
    now = {(one.path, one.qualname, one.code): one.model for one in exposed}
    # Who wrote a function that is still there is known better now than when it failed.
    then = {(one.path, one.qualname, one.code): one.model for one in failed}
    functions = {**then, **now}
    totals: dict[str, list[bool]] = {}
    for state, name in functions.items():
        spelled.setdefault(same_model(name), Counter())[name] += 1
        totals.setdefault(same_model(name), []).append(state in then)
    rates = [
        _account(max(sorted(names), key=names.__getitem__), of_model.get(model, []), totals.get(model, []))
        for model, names in spelled.items()
    ]
    return sorted(rates, key=lambda one: (-one.generations, -one.failures.of, one.model))


def _account(model: str, generations: list[Generation], functions: list[bool]) -> ModelRates:
    judged = [one.outcome.first_pass for one in generations if one.outcome.first_pass is not None]
    written = [one for one in generations if one.operation != "delete"]
    return ModelRates(
        model=model,
        generations=len(generations),
        first_pass=Rate(count=sum(judged), of=len(judged)),
        re_edit=Rate(count=sum(one.outcome.edited_again for one in written), of=len(written)),
        failures=Rate(count=sum(functions), of=len(functions)),
    )
