"""A short stream of our own for replays: three tasks, two models, mistakes that come again and one that passes."""

from __future__ import annotations

from typing import Any

from pytest_llmlearn.domain.replay import Attempt, Failure, Level, Scored, Told

PROMPTS = {
    "carts": "Add an item to the shopping cart and return the total price of all items in it.",
    "users": "Load a user from the database by name and return the mail address of that user.",
    "graphs": "Find the shortest path between two nodes of a weighted graph.",
}


def a_failure(exception: str = "KeyError", message: str = "'total'", **changes: Any) -> Failure:
    told: dict[str, Any] = {"nodeid": "test_shop.py::test_add", "exception": exception, "message": message}
    return Failure(**{**told, **changes})


def an_attempt(identifier: str = "1", task: str = "carts", *failures: Failure, **changes: Any) -> Attempt:
    """One that failed, if it has failures, else one that passed."""
    told: dict[str, Any] = {
        "id": identifier,
        "task": task,
        "model": "model-a",
        "prompt": PROMPTS.get(task, task),
        "path": f"{task}.py",
        "passed": not failures,
        "failures": failures,
        "code": f"def {task}():\n    return {{}}['total']\n",
    }
    return Attempt(**{**told, **changes})


def a_stream() -> list[Attempt]:
    """Seven attempts: the carts' mistake comes three times, once under another task; the graph's never again."""
    mail = a_failure("AttributeError", "'NoneType' object has no attribute 'mail'", nodeid="test_users.py::test_mail")
    return [
        an_attempt("1", "carts", a_failure()),
        an_attempt("2", "users", mail, model="model-b"),
        an_attempt("3", "carts", a_failure(), model="model-b"),
        an_attempt("4", "carts", model="model-c"),
        an_attempt("5", "graphs", a_failure("IndexError", "list index out of range"), a_failure()),
        an_attempt("6", "users", mail, model="model-a"),
        an_attempt("7", "graphs"),
    ]


def a_scored(*right: bool, task: str = "carts", passed: bool = False, **changes: Any) -> Scored:
    """An answer of as many lessons, each right at rule level or not, with scores that fall from 0.9 by 0.2."""
    levels: tuple[Level, ...] = ("rule",)
    told = tuple(
        Told(score=round(0.9 - 0.2 * place, 2), right=frozenset(levels if good else ()))
        for place, good in enumerate(right)
    )
    known: dict[str, Any] = {"task": task, "passed": passed, "repeats": frozenset(), "told": told}
    return Scored(**{**known, **changes})
