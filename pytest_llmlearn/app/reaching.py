"""Which code the tests that passed reach, told from their texts: nothing is executed.

From the names that a test's function and its fixtures use, and from what these use within the same file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

from pytest_llmlearn.app.attribute import Attribution
from pytest_llmlearn.app.leading import Leading
from pytest_llmlearn.domain.joining import Place
from pytest_llmlearn.domain.within import reached_within
from pytest_llmlearn.hookspecs import Surroundings

Wanted = tuple[str, str, bool]
"""A path, a qualified name in it, and whether that is a function; empty for a statement of the module."""


def reached(
    passed: Iterable[str], paths: Collection[str], *, surroundings: Surroundings, everything: Attribution
) -> dict[str, list[Place]]:
    """For each test that passed (its id, seen from the root), the places of these files that it reaches, if any.

    `everything` lays failures on all code, whoever wrote it.
    """
    leading = Leading(surroundings, paths)
    by_function: dict[tuple[str, str], list[Place]] = {}
    found: dict[str, list[Place]] = {}
    for nodeid in passed:
        file, _, name = nodeid.partition("::")
        if not leading.leads(file):
            continue
        function = file, name.partition("[")[0]
        if function not in by_function:
            by_function[function] = _places(nodeid, file, paths, surroundings, everything)
        if by_function[function]:
            found[nodeid] = by_function[function]
    return found


def reached_of(
    wanted: Collection[Wanted], passed: Iterable[str], *, surroundings: Surroundings, everything: Attribution
) -> frozenset[Wanted]:
    """Those of the wanted places that tests which passed reach.

    Test files that name one of them are looked at first, and the others only for what is not found then.
    """
    names = {qualname.rpartition(".")[2] or PurePosixPath(path).stem for path, qualname, _ in wanted}
    naming: dict[str, bool] = {}
    batches: tuple[list[str], list[str]] = ([], [])
    for nodeid in passed:
        file = nodeid.partition("::")[0]
        if file not in naming:
            text = surroundings.text(file) or ""
            naming[file] = any(name in text for name in names)
        batches[not naming[file]].append(nodeid)
    found: set[Wanted] = set()
    for batch in batches:
        missing = {*wanted} - found
        if missing and batch:
            paths = {path for path, _, _ in missing}
            by_test = reached(batch, paths, surroundings=surroundings, everything=everything)
            places = {place for several in by_test.values() for place in several}
            found |= {one for one in missing if any(_is_of(place, one) for place in places)}
    return frozenset(found)


def _is_of(place: Place, wanted: Wanted) -> bool:
    """Whether who reaches the place reaches what is wanted: what is in no function runs with anything of its file."""
    path, qualname, is_function = wanted
    if place == (path, qualname):
        return True
    within = f"{qualname}." if qualname else ""
    return not is_function and place[0] == path and place[1].startswith(within)


def _places(
    nodeid: str, file: str, paths: Collection[str], surroundings: Surroundings, everything: Attribution
) -> list[Place]:
    named: dict[str, set[str]] = {}
    for path, qualname in everything.reached(nodeid, file):
        if path in paths:
            named.setdefault(path, set()).add(qualname)
    return [
        (path, qualname)
        for path, qualnames in named.items()
        for qualname in reached_within(surroundings.text(path) or "", qualnames)
    ]
