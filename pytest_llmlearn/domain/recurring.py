"""Whether a mistake recurs, and what is to be said of it: what the store saw, joined with what is committed.

A mistake recurs if earlier runs saw it in at least two states of the code, or if it stands in the committed lessons;
what the present run sees does not make it recur. Where both know it, the larger count, the earlier time and all models
are told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from pytest_llmlearn.domain.committed import Committed
from pytest_llmlearn.domain.fix import Fix

STATES = 2
"""States of the code, each of an earlier run, in which a mistake was seen that recurs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a mistake stands.

    `seen` is how often, as patterns are counted, or as the committed lessons say where that is more; 0 where nothing is
    known. `first_seen` is None then. `models` are those seen here, most often first, then the others. `fix` is the one
    verified most often. `committed` says that it stands in the committed lessons, `enforced` that a person said, here
    or there, that it must not come back.
    """

    recurring: bool = False
    seen: int = 0
    first_seen: datetime | None = None
    models: tuple[str, ...] = ()
    fix: Fix | None = None
    committed: bool = False
    enforced: bool = False


def recurs(states: Collection[str], *, committed: bool) -> bool:
    """Whether it recurs. `states` are those of the code in which earlier runs saw it."""
    return committed or len(set(states)) >= STATES


def standing(
    *,
    states: Collection[str],
    frequency: int,
    first_seen: datetime | None,
    models: Iterable[str],
    enforced: bool,
    fix: Fix | None,
    committed: Committed | None,
) -> Standing:
    """Both together. `states` are as in `recurs`; `frequency`, `first_seen` and `models` are those of the store."""
    known = tuple(models)
    times = [time for time in (first_seen, committed.since if committed is not None else None) if time is not None]
    return Standing(
        recurring=recurs(states, committed=committed is not None),
        seen=max(frequency, committed.seen if committed is not None else 0),
        first_seen=min(times, default=None),
        models=(*known, *(one for one in (committed.models if committed is not None else ()) if one not in known)),
        fix=fix if fix is not None else cure(committed),
        committed=committed is not None,
        enforced=enforced or (committed is not None and committed.state == "enforced"),
    )


def cure(committed: Committed | None) -> Fix | None:
    """The fix that stands in the committed lessons, which was verified where it was found."""
    if committed is None or committed.fix is None:
        return None
    fix = committed.fix
    return Fix(
        fingerprint=committed.fingerprint,
        digest="committed",
        bad=fix.bad,
        good=fix.good,
        signature=fix.signature,
        imports=fix.imports,
        difference=fix.difference,
        verified=1,
        first_seen=committed.since,
        last_seen=committed.since,
    )


def code_state(commit: str | None, differing: Iterable[tuple[str, bytes | None]]) -> str | None:
    """The state of the code: its commit, with a digest of what differs from it where anything does.

    `differing` are paths with their contents, None for what is gone. Without a commit None: then the culprits' own
    code is all that can be told.
    """
    if commit is None:
        return None
    digest = blake2b(digest_size=10)
    differs = False
    for path, content in sorted(differing, key=lambda one: one[0]):
        differs = True
        digest.update(f"{path}\0{-1 if content is None else len(content)}\0".encode("utf-8", "surrogatepass"))
        digest.update(content or b"")
    return f"git:{commit}+{digest.hexdigest()}" if differs else f"git:{commit}"


def commit_of(state: str | None) -> str | None:
    """The commit whose code a state is, and nothing else; None where something differs, or nothing is known."""
    return state.removeprefix("git:") if state is not None and state.startswith("git:") and "+" not in state else None
