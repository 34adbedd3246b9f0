"""How matchers are printed: as JSON-ready builtins with stable keys, and as lines for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llmlearn.app.memory_matchers import Standing
    from pytest_llmlearn.app.prove import Proved

_FINGERPRINT = 14


def values(standing: Standing) -> dict[str, Any]:
    """One matcher as `llmlearn matchers --format json` prints it. Keys may be added, never changed."""
    matcher = standing.matcher
    trials = matcher.trials
    return {
        "key": matcher.key,
        "fingerprint": matcher.fingerprint,
        "rule": matcher.rule_id,
        "kind": matcher.kind,
        "origin": matcher.origin,
        "looks_for": looks_for(matcher.body),
        "body": dict(matcher.body),
        "confidence": round(matcher.confidence, 4),
        "right": trials.right,
        "wrong": trials.wrong,
        "silent": trials.silent,
        "used": standing.held is None,
        "held_back": standing.held,
    }


def proof(proved: Proved | None) -> dict[str, Any] | None:
    """What came of a look at the project."""
    if proved is None:
        return None
    return {
        "files": proved.files,
        "anew": proved.anew,
        "matchers": proved.matchers,
        "hits": {key: list(paths) for key, paths in proved.hits.items()},
    }


def listing(found: Sequence[Standing], proved: Proved | None) -> Iterator[str]:
    """Matchers for people."""
    if proved is not None:
        yield (
            f"{proved.matchers} matchers tried on {proved.files} files, {proved.anew} of them anew; "
            f"{len(proved.hits)} fire on code whose tests pass"
        )
    if not found:
        yield "nothing is recognised by sight yet: no failure was recorded that tells how it looks"
        return
    used = sum(one.held is None for one in found)
    yield f"{used} of {len(found)} matchers are used"
    for one in found:
        matcher = one.matcher
        trials = matcher.trials
        why = f"; held back: {one.held}" if one.held is not None else ""
        yield f"{matcher.fingerprint[:_FINGERPRINT]}  {matcher.rule_id}  {matcher.kind}  {looks_for(matcher.body)}"
        yield (
            f"  {matcher.confidence:.2f}; right {trials.right}, wrong {trials.wrong}, silent {trials.silent} times{why}"
        )


def looks_for(body: Mapping[str, Any]) -> str:
    """A body in a line."""
    if "pattern" not in body:
        return json.dumps(dict(body), ensure_ascii=False, sort_keys=True)
    text = " or ".join(f"`{pattern}`" for pattern in (body["pattern"], *body.get("either", ())))
    if body.get("inside"):
        text += f" in {body['inside']}"
    if body.get("unless"):
        text += " without " + " or ".join(f"`{pattern}`" for pattern in body["unless"])
    return " ".join(text.split())
