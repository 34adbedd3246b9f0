"""Gates: sorts of mistakes by which a run fails although its tests pass.

A gate never opens on its own: somebody asked for it by name. What the project has accepted, by fingerprint, passes all
of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from pytest_llmlearn.domain.annotation import Annotation
from pytest_llmlearn.domain.lesson import safe

NAMED = 3
"""Mistakes that a sentence names of many."""
FINGERPRINT = 10
"""Characters of a fingerprint that are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shut:
    """A gate that a run did not pass: its name, and one place of each mistake that shut it."""

    gate: str
    mistakes: tuple[Annotation, ...]


def shut(annotations: Iterable[Annotation], gates: Sequence[str], accepted: Collection[str]) -> list[Shut]:
    """Which of these gates what was seen shuts, in the order in which they were asked for."""
    seen = [one for one in annotations if one.fingerprint not in accepted]
    found = []
    for gate in gates:
        mistakes = {one.fingerprint: one for one in reversed(seen) if _stands_before(gate, one)}
        if mistakes:
            found.append(Shut(gate=gate, mistakes=tuple(reversed(mistakes.values()))))
    return found


def _stands_before(gate: str, one: Annotation) -> bool:
    if gate == "security":
        return one.category == "security"
    return one.enforced if gate == "enforced" else one.recurring


def sentence(found: Sequence[Shut], *, failing: bool) -> str:
    """Why the run fails, or would if its tests had passed. The way out comes first: a long sentence is cut."""
    told = "; ".join(f"{each.gate}: {_told(each.mistakes)}" for each in found)
    verb = "the run fails" if failing else "the run would fail if its tests passed,"
    prints = dict.fromkeys(one.fingerprint for each in found for one in each.mistakes)
    out = f"llmlearn baseline add {next(iter(prints)).rpartition(':')[2][:FINGERPRINT]} --reason WHY"
    return f"{verb} by --llm-learn-fail-on; mend what follows, or accept it ({out}): {told}"


def _told(mistakes: Sequence[Annotation]) -> str:
    names = [
        f"{safe(one.path, 120) or '?'}:{one.line} [{safe(one.rule_id, 80)}] "
        f"{one.fingerprint.rpartition(':')[2][:FINGERPRINT]}"
        for one in mistakes[:NAMED]
    ]
    more = f" and {len(mistakes) - NAMED} more" if len(mistakes) > NAMED else ""
    return f"{', '.join(names)}{more}"
