"""Results that may be None and are used as if they never were: `re.match(...).group()`.

Read from the piece alone, for callables of which it was learned. A variable that is looked at anywhere, by a condition
or by another function, is taken to be checked.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_llmlearn.domain.matchers.reading import Reading, is_guarded, reading
from pytest_llmlearn.domain.matchers.targets import resolved
from pytest_llmlearn.domain.matchers.view import View
from pytest_llmlearn.domain.tree import Node, Span

_USED = ("Attribute", "Subscript")


def used(name: str, view: View) -> Iterator[Span]:
    """Where what a call of `name` gives is used at once, or by a variable that nobody looks at first."""
    found = reading(view.node)
    for call in found.calls:
        if not name or is_guarded(call.guards, ("AttributeError", "TypeError")):
            continue
        target = resolved(call.parts, call.scope, found, view)
        if target != name:
            continue
        around, role = found.parents.get(id(call.node), (None, ""))
        if around is None:
            continue
        if around.kind in _USED and role == "value":
            yield around.span
        elif around.kind == "Assign" and role == "value":
            use = _first_use(around, call.scope, found)
            if use is not None:
                yield use.span


def _first_use(assignment: Node, scope: int, found: Reading) -> Node | None:
    """The first use of the variable, where all its uses ask something of it."""
    targets = [child for role, child in assignment.children if role == "targets"]
    if scope == 0 or len(targets) != 1 or targets[0].kind != "Name":
        return None
    name = targets[0].text
    if len(found.stores.get(scope, {}).get(name, ())) != 1 or name in found.shared:
        return None
    uses: list[Node] = []
    for chain in found.chains:
        if chain.parts[0] == name and found.binding(name, chain.scope) == scope:
            around, role = found.parents[id(chain.nodes[0])]
            if chain.scope != scope or around.kind not in _USED or role != "value":
                return None
            uses.append(around)
    return uses[0] if uses else None
