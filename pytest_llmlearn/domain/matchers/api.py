"""Recognises APIs that are not there: modules, names, attributes, arguments, and what a library took away.

A matcher's body names what went wrong (`what`): `module`, `name`, `member`, `keyword`, `arity`, `gone` or `none`; with
`any` it fires for all of which the world knows that it is missing. Nothing fires on what is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_llmlearn.domain.matcher import Kind, Matcher, Sighting
from pytest_llmlearn.domain.matchers import nones, signatures
from pytest_llmlearn.domain.matchers.reading import Reading, is_guarded, reading
from pytest_llmlearn.domain.matchers.receivers import of_own, of_values
from pytest_llmlearn.domain.matchers.targets import absolute, first_missing, resolved
from pytest_llmlearn.domain.matchers.view import View, World
from pytest_llmlearn.domain.tree import Span

_OF_IMPORTS = ("ImportError", "ModuleNotFoundError")
_OF_ATTRIBUTES = ("AttributeError",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """Something that is known not to be there: `name` of `of`; a module that is missing has no name.

    `sure` is False where it is known only together with having been learned: then no matcher at large fires.
    """

    what: str
    of: str
    name: str
    span: Span
    sure: bool = True


class Api:
    """`view.Recogniser` of the kind `api`."""

    kind: Kind = "api"

    def __init__(self) -> None:
        self._looked: tuple[View, dict[str, tuple[Lack, ...]]] | None = None

    def sightings(self, matcher: Matcher, view: View) -> Iterable[Sighting]:
        world, what = view.world, matcher.body.get("what", "")
        if world is None:
            return
        if what == "none":
            for span in nones.used(str(matcher.body.get("callable", "")), view):
                yield _sighting(matcher, span, f"`{matcher.body['callable']}` may give None")
        elif what == "gone":
            yield from _gone(matcher, view, world)
        else:
            for lack in self._lacks(what, view, world):
                if _is_meant(matcher.body, lack) and not (matcher.body.get("any") and _is_begun(lack, view, world)):
                    yield _sighting(matcher, lack.span, _told(lack))

    def _lacks(self, what: str, view: View, world: World) -> tuple[Lack, ...]:
        """What is missing in this piece; looked for once, for all matchers that ask."""
        family = _FAMILY.get(what)
        if family is None:
            return ()
        looked = self._looked
        if looked is None or looked[0] is not view:
            looked = (view, {})
            self._looked = looked
        if family.__name__ not in looked[1]:
            looked[1][family.__name__] = tuple(family(view, world))
        return tuple(lack for lack in looked[1][family.__name__] if lack.what == what)


def _sighting(matcher: Matcher, span: Span, why: str) -> Sighting:
    return Sighting(matcher=matcher, span=span, confidence=matcher.confidence, why=why)


def _is_meant(body: Mapping[str, Any], lack: Lack) -> bool:
    if body.get("any"):
        return lack.sure
    if lack.what == "module":
        return _same_module(str(body.get("module", "")), lack.of)
    if lack.what == "name":
        return bool(body.get("name") == lack.name and _same_module(str(body.get("module", "")), lack.of))
    if lack.what == "member":
        return bool(body.get("name") == lack.name and _ends_alike(str(body.get("class", "")), lack.of))
    if lack.what == "keyword" and body.get("keyword") != lack.name:
        return False
    return _ends_alike(str(body.get("callable", "")), lack.of)


def _is_begun(lack: Lack, view: View, world: World) -> bool:
    """Whether it may be a name that is still being typed: something that is there begins so."""
    if view.settled or lack.what not in ("name", "member"):
        return False
    module, _, last = lack.of.rpartition(".")
    there = (world.names(lack.of) if lack.what == "name" else world.members(module or "builtins", last)) or ()
    return any(name.startswith(lack.name) for name in there)


def _same_module(learned: str, seen: str) -> bool:
    return learned == seen or seen.startswith(f"{learned}.")


def _ends_alike(learned: str, seen: str) -> bool:
    """Whether one is the other, or the last parts of it: messages leave out the module, or name the real one."""
    if learned == seen or seen.endswith(f".{learned}") or learned.endswith(f".{seen}"):
        return bool(learned)
    same_top = learned.partition(".")[0] == seen.partition(".")[0]
    return same_top and "." in learned and learned.rpartition(".")[2] == seen.rpartition(".")[2]


def _told(lack: Lack) -> str:
    if lack.what == "module":
        return f"there is no module `{lack.of}`"
    if lack.what in ("keyword", "arity"):
        return f"`{lack.of}` takes no `{lack.name}`" if lack.what == "keyword" else f"`{lack.of}` {lack.name}"
    return f"`{lack.of}` has no `{lack.name}`"


def _of_names(view: View, world: World) -> Iterator[Lack]:
    """Modules and names, in import statements and wherever they are used."""
    found = reading(view.node)
    told: set[str] = set()
    for entry in found.imports:
        if is_guarded(entry.guards, _OF_IMPORTS) or entry.name == "*":
            continue
        name = absolute(entry.module, view.path)
        if name is None or (not entry.name and name == "__future__"):
            continue
        whole = f"{name}.{entry.name}" if entry.name else name
        missing = first_missing(whole, view, world) if whole else None
        if missing is None and not entry.name and "." in name and not world.is_module(name):
            yield Lack(what="module", of=name, name="", span=entry.span, sure=False)  # a class, say, of a package
        if missing is None or missing.of:
            continue
        steps = len(name.split("."))
        told.add(entry.local)
        if missing.step == 0 or (missing.step < steps or not entry.name):
            reached = ".".join(whole.split(".")[: missing.step + 1])
            # A whole package that is not there may be the environment's affair.
            sure = missing.step > 0 and missing.told
            yield Lack(what="module", of=reached, name="", span=entry.span, sure=sure)
        else:
            yield Lack(what="name", of=missing.module, name=missing.name, span=entry.span, sure=missing.told)
    yield from _of_chains(found, told, view, world)


def _of_chains(found: Reading, told: set[str], view: View, world: World) -> Iterator[Lack]:
    for chain in found.chains:
        if len(chain.parts) < 2 or chain.deferred or is_guarded(chain.guards, _OF_ATTRIBUTES):
            continue
        target = resolved(chain.parts, chain.scope, found, view)
        if target is None or chain.parts[0] in told:
            continue
        missing = first_missing(target, view, world)
        if missing is None or missing.step == 0 or missing.name in found.probed:
            continue
        # The part of the chain that is missing, counted from its end.
        at = len(chain.parts) - (len(target.split(".")) - missing.step)
        if at < 1:
            continue  # what is imported is missing: that is said at its import
        of = f"{missing.module}.{missing.of}" if missing.of else missing.module
        yield Lack(
            what="member" if missing.of else "name",
            of=of,
            name=missing.name,
            span=chain.nodes[at].span,
            sure=missing.told,
        )


def _of_members(view: View, world: World) -> Iterator[Lack]:
    """Attributes of values whose class is plain from the piece."""
    found = reading(view.node)
    for value in of_values(found, view, world):
        if is_guarded(value.guards, _OF_ATTRIBUTES) or value.name.startswith("_") or value.name in found.probed:
            continue
        members = world.members(value.module, value.qualname)
        if members is not None and value.name not in members:
            of = value.qualname if value.module == "builtins" else f"{value.module}.{value.qualname}"
            yield Lack(what="member", of=of, name=value.name, span=value.span)
    yield from (lack for lack in _of_names(view, world) if lack.what == "member")
    for value in of_own(found):
        if not is_guarded(value.guards, _OF_ATTRIBUTES) and value.name not in found.probed:
            yield Lack(what="member", of=value.qualname, name=value.name, span=value.span, sure=False)


def _of_calls(view: View, world: World) -> Iterator[Lack]:
    """Arguments that a callable does not take."""
    for told in signatures.refused(view, world):
        yield Lack(what=told.what, of=told.of, name=told.name, span=told.span, sure=told.sure)


_FAMILY: Mapping[str, Callable[[View, World], Iterable[Lack]]] = {
    "module": _of_names,
    "name": _of_names,
    "member": _of_members,
    "keyword": _of_calls,
    "arity": _of_calls,
}


def _gone(matcher: Matcher, view: View, world: World) -> Iterator[Sighting]:
    """Calls of what the library says went with a version, where that version or a later one is installed."""
    name, since = str(matcher.body.get("name", "")), str(matcher.body.get("version", ""))
    installed = world.version(name.partition(".")[0])
    if not name or not since or installed is None or _numbers(installed) < _numbers(since):
        return
    found = reading(view.node)
    for call in found.calls:
        if is_guarded(call.guards, ("NotImplementedError", *_OF_ATTRIBUTES, *_OF_IMPORTS)):
            continue
        target = resolved(call.parts, call.scope, found, view)
        if target is not None and _ends_alike(name, target):
            span = call.node.children[0][1].span
            yield _sighting(matcher, span, f"`{name}` went with {matcher.body.get('library', '')} {since}")


def _numbers(version: str) -> tuple[int, ...]:
    numbers = []
    for part in version.split("."):
        digits = "".join(char for char in part if char.isdigit())
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)
