"""What a run of the tests tells of a generation: whether its first run was green.

A generation is judged by the first run that reached its code while that code was still as it was written. What was
written over before any test saw it is never judged, nor is what no test reached.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pytest_llmlearn.domain import source
from pytest_llmlearn.domain.generation import Generation, Outcome

OWN = "b2:"
GIT = "git:"
"""How digests of whole texts begin, of ours and of git's."""

Place = tuple[str, str]
"""A path, and the qualified name of a unit in it; empty for the module itself."""


def touches(generation: Generation, path: str, qualname: str) -> bool:
    """Whether this unit of this file is code that the generation wrote, as far as it says what it wrote.

    A class was written with its methods.
    """
    if generation.path != path:
        return False
    meant = generation.qualname
    return not meant or qualname == meant or qualname.startswith(f"{meant}.")


def still_there(generation: Generation, text: str) -> bool:
    """Whether the file's present text holds what the generation wrote, told by the narrowest digest that is known.

    What says nothing of how it left the file is believed to be there while the file, and the unit it names, are. What
    deleted a file leaves nothing that a test could reach.
    """
    if generation.operation == "delete":
        return False
    unit = source.unit_named(text, generation.qualname) if generation.qualname else None
    if generation.unit_after is not None and generation.qualname:
        return unit is not None and source.unit_hash(text, unit) == generation.unit_after
    if generation.after is not None and generation.after.startswith((OWN, GIT)):  # others are not understood
        return generation.after in digests(text, like=generation.after)
    return not generation.qualname or unit is not None


def digests(text: str, *, like: str) -> frozenset[str]:
    """The digests that a text may be known by, tagged like that one: with the line ends of either system for git."""
    if not like.startswith(GIT):
        return frozenset({source.text_digest(text)})
    make = hashlib.sha1 if len(like) - len(GIT) == 40 else hashlib.sha256
    return frozenset(
        f"{GIT}{make(b'blob %d' % len(content) + bytes(1) + content, usedforsecurity=False).hexdigest()}"
        for content in {text.encode("utf-8", "replace"), text.replace("\n", "\r\n").encode("utf-8", "replace")}
    )


def latest(generations: Iterable[Generation], others: Iterable[Generation]) -> list[Generation]:
    """Those of the generations that no later one of the same unit wrote over, joined or not; in order of time."""
    newest: dict[tuple[str, str | None], Generation] = {}
    kept = list(generations)
    for one in sorted((*kept, *others), key=lambda one: (one.time, one.id)):
        newest[one.path, one.qualname] = one
    chosen = {one.id for one in newest.values()}
    return sorted({one.id: one for one in kept if one.id in chosen}.values(), key=lambda one: (one.time, one.id))


def first_watched(generation: Generation, *, started: datetime, since: datetime | None, new: Collection[str]) -> bool:
    """Whether a run that began at `started` may be the first one after the generation.

    Of what was only found, in a history or a trace, runs may have come before anybody watched: it counts if its commit
    is among the `new` ones, found by this very run, or if it is younger than `since`, when runs began to be watched.
    """
    if generation.time > started:
        return False
    if generation.way not in ("git", "trace"):
        return True
    return generation.commit in new or (since is not None and generation.time > since)


def outcome(
    generation: Generation, run: str, *, reached: Mapping[str, Sequence[Place]], failed: Mapping[str, Sequence[Place]]
) -> Outcome | None:
    """What the run tells of the generation, None where no test reached its code.

    `reached` are the places that each test that passed names, `failed` those that the failures of each test that
    failed were laid on.
    """
    green = sum(any(touches(generation, *place) for place in places) for places in reached.values())
    red = sum(any(touches(generation, *place) for place in places) for places in failed.values())
    return replace(generation.outcome, passed=green, failed=red, run=run) if green or red else None
