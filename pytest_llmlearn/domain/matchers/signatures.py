"""Calls that do not fit what the callable takes: keywords it refuses, too many or too few arguments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_llmlearn.domain.matchers.reading import Called, children, is_guarded, reading
from pytest_llmlearn.domain.matchers.targets import resolved, split
from pytest_llmlearn.domain.matchers.view import View, World
from pytest_llmlearn.domain.tree import Node, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What (`keyword` or `arity`) a call of `of` gets wrong; `name` is the keyword, or the wrong in words.

    `sure` is False where decorators may change what the callable takes.
    """

    what: str
    of: str
    name: str
    span: Span
    sure: bool = True


def refused(view: View, world: World) -> Iterator[Refused]:
    """The arguments in this piece that are known not to fit."""
    found = reading(view.node)
    for call in found.calls:
        if is_guarded(call.guards, ("TypeError",)):
            continue
        target = resolved(call.parts, call.scope, found, view)
        if target is None or "." not in target:
            continue
        module, qualname = split(target, world)
        if not qualname:
            continue
        for keyword in children(call.node, "keywords"):
            if not keyword.text:
                continue
            takes = world.takes(module, qualname, keyword.text)
            bare = world.takes(module, qualname, keyword.text, bare=True) if takes is None else takes
            if bare is False:
                sure = takes is False
                yield Refused(what="keyword", of=target, name=keyword.text, span=_place(call, keyword), sure=sure)
        told = _arity(call, module, qualname, world)
        if told:
            yield Refused(what="arity", of=target, name=told, span=call.node.span)


def _place(call: Called, keyword: Node) -> Span:
    """The keyword, or the callee where that is lines away: there the call fails."""
    callee = call.node.children[0][1].span
    return keyword.span if keyword.span.line - callee.end_line <= 1 else callee


def _arity(call: Called, module: str, qualname: str, world: World) -> str:
    """What is wrong with the number of arguments, in words; empty for nothing that is known."""
    given = list(children(call.node, "args"))
    named = [keyword.text for keyword in children(call.node, "keywords")]
    # A method that is called by its class may be given the instance.
    if "." in qualname or any(_is_open(one) for one in given) or not all(named):
        return ""
    signature = world.signature(module, qualname)
    if signature is None:
        return ""
    if len(given) > len(signature.parameters) and not signature.takes_any_positional:
        return f"takes at most {len(signature.parameters)} by position, {len(given)} are given"
    filled = {*signature.parameters[: len(given)], *named}
    absent = [name for name in signature.required if name not in filled]
    return f"is not given {', '.join(absent[:3])}" if absent else ""


def _is_open(node: Node) -> bool:
    return node.kind == "Starred"
