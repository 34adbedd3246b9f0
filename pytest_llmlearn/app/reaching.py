"""Which code the tests that passed reach, told from their texts: nothing is executed.

From the names that a test's function and its fixtures use, and from what these use within the same file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pytest_llmlearn.app.attribute import Attribution
from pytest_llmlearn.app.leading import Leading
from pytest_llmlearn.domain.joining import Place
from pytest_llmlearn.domain.within import reached_within
from pytest_llmlearn.hookspecs import Surroundings


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
