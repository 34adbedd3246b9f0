"""What recurs, and what is said of it."""

from __future__ import annotations

from typing import Any

from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.recurring import Standing, code_state, commit_of, recurs, standing
from tests.builders import at
from tests.committing import FIX, a_lesson


def a_standing(**changes: Any) -> Standing:
    """Of a mistake that one earlier run saw."""
    values: dict[str, Any] = {
        "states": {"git:a"},
        "frequency": 1,
        "first_seen": at(0),
        "models": ("model-x",),
        "enforced": False,
        "fix": None,
        "committed": None,
    }
    return standing(**{**values, **changes})


def test_two_states_of_the_code_make_it_recur() -> None:
    """One state that was run twice is one."""
    assert not recurs(["git:a", "git:a"], committed=False)
    assert recurs(["git:a", "git:b"], committed=False)


def test_what_is_committed_recurs() -> None:
    """Somebody has read it, and it was seen before wherever that was."""
    assert recurs([], committed=True)
    assert a_standing(states=(), committed=a_lesson()).recurring


def test_both_sides_are_joined() -> None:
    """The larger count, the earlier day, all models; who was seen here comes first."""
    told = a_standing(frequency=3, first_seen=at(days=2), committed=a_lesson(seen=5, models=("model-a", "model-x")))
    assert (told.seen, told.models) == (5, ("model-x", "model-a"))
    assert told.first_seen is not None
    assert told.first_seen.date() == a_lesson().first_seen
    assert a_standing(frequency=7, committed=a_lesson()).seen == 7


def test_the_fix_seen_here_stands_before_the_committed_one() -> None:
    """Which is shown where none was seen here."""
    own = Fix(fingerprint="1:aaaa", digest="d", bad="a", good="b", verified=1)
    assert a_standing(fix=own, committed=a_lesson(fix=FIX)).fix == own
    told = a_standing(committed=a_lesson(fix=FIX)).fix
    assert told is not None
    assert told.good == FIX.good


def test_enforced_here_or_there() -> None:
    """A person said so on either side."""
    assert a_standing(committed=a_lesson(state="enforced")).enforced
    assert a_standing(enforced=True, committed=a_lesson()).enforced
    assert not a_standing(committed=a_lesson()).enforced


def test_a_state_is_a_commit_and_what_differs_from_it() -> None:
    """Content decides, not the order in which files are looked at; a file that is gone differs too."""
    commit = "a" * 40
    assert code_state(None, []) is None
    assert code_state(commit, []) == f"git:{commit}"
    one, other = ("a.py", b"1"), ("b.py", b"2")
    assert code_state(commit, [one, other]) == code_state(commit, [other, one]) != code_state(commit, [one])
    assert code_state(commit, [("a.py", None)]) != code_state(commit, [("a.py", b"")])


def test_only_a_clean_state_is_a_commit() -> None:
    """What differs from it can be read nowhere else."""
    commit = "a" * 40
    assert commit_of(f"git:{commit}") == commit
    assert commit_of(code_state(commit, [("a.py", b"1")])) is None
    assert commit_of(None) is None
