"""A lesson as it is committed to the repository: what survives runners that are thrown away.

One lesson is one line of JSON with sorted keys. Nothing in it churns: how often it was seen is told in steps, since
when by the day. Lines of one mistake join whatever their order: the larger step, the earlier day, all models. So a file
that git merged by keeping the lines of both sides (`merge=union`) says what either side said.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from typing import Any, Literal, get_args

from pytest_llmlearn.domain.cleaning import clean, flat
from pytest_llmlearn.domain.finding import CATEGORIES, SEVERITIES
from pytest_llmlearn.domain.occurrence import is_inside

VERSION = 1
"""Of the lines. A line of a later version says nothing here, and is kept as it is."""
STEPS = (1, 2, 5, 15, 50, 150)
"""How often it was seen at least. 1 is of lessons that were proven by a fix or a person before they came back."""
Standing = Literal["active", "enforced"]
STANDINGS: tuple[str, ...] = get_args(Standing)
NAME_LIMIT = 300
TEXT_LIMIT = 1_000
CODE_LINES = 8
CODE_WIDTH = 200
LIST_LIMIT = 40
FINGERPRINT_LIMIT = 80


class LaterLine(ValueError):
    """A line of a later version, which is for those who know it."""

    def __init__(self) -> None:
        super().__init__("of a later version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cure:
    """What repaired it: code that failed and code that passed under `signature`, the imports it needs, in words."""

    bad: str = ""
    good: str = ""
    signature: str = ""
    imports: tuple[str, ...] = ()
    difference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """One line. `seen` is one of `STEPS`; `words` are what a person wrote in place of the template's, by part.

    `bad` is code that failed, a few redacted lines; `fix` is a verified one. `unit` and `path` are where it was first
    written down, seen from the root. `matchers` are what recognises it in source text, each as JSON with sorted keys:
    see `committed_matchers`. Equal mistakes have equal fingerprints.
    """

    fingerprint: str
    symbol_key: str
    rule_id: str
    category: str
    severity: str
    exception: str
    lesson: str
    first_seen: date
    seen: int = 1
    state: Standing = "active"
    message: str = ""
    symbols: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    unit: str = ""
    path: str | None = None
    kin: str = ""
    contexts: tuple[str, ...] = ()
    bad: str = ""
    fix: Cure | None = None
    words: tuple[tuple[str, str], ...] = ()
    matchers: tuple[str, ...] = ()

    @property
    def since(self) -> datetime:
        """The beginning of the day on which it was first seen, UTC."""
        return datetime(self.first_seen.year, self.first_seen.month, self.first_seen.day, tzinfo=UTC)


def step(count: int) -> int:
    """The largest of `STEPS` that `count` has reached; at least the first."""
    return max((one for one in STEPS if one <= count), default=STEPS[0])


def joined(lessons: Iterable[Committed]) -> Committed:
    """Lines of one mistake as one: the larger step, the earlier day, the union of lists, enforced before active.

    The texts are those of one of them, which does not depend on the order: one with a fix, then with a person's words.
    """
    every = sorted(lessons, key=lambda one: (one.fix is None, not one.words, line(one)))
    first = every[0]
    return replace(
        first,
        seen=max(one.seen for one in every),
        first_seen=min(one.first_seen for one in every),
        models=_union(one.models for one in every),
        contexts=_union(one.contexts for one in every),
        matchers=_union(one.matchers for one in every),
        state="enforced" if any(one.state == "enforced" for one in every) else "active",
    )


def folded(lessons: Iterable[Committed]) -> list[Committed]:
    """One for each mistake, in the order of the file: by rule, then by fingerprint."""
    found: dict[str, list[Committed]] = {}
    for one in lessons:
        found.setdefault(one.fingerprint, []).append(one)
    together = [joined(many) if len(many) > 1 else many[0] for many in found.values()]
    return sorted(together, key=lambda one: (one.rule_id, one.fingerprint))


def line(lesson: Committed) -> str:
    """The lesson as a line of the file, without its end; what is empty is left out."""
    told: dict[str, Any] = {"v": VERSION}
    for field in fields(lesson):
        value = getattr(lesson, field.name)
        if field.name == "first_seen":
            told[field.name] = value.isoformat()
        elif field.name == "fix":
            told |= {"fix": _cure(value)} if value is not None else {}
        elif field.name == "words":
            told |= {"words": dict(value)} if value else {}
        elif field.name == "matchers":
            told |= {"matchers": [json.loads(one) for one in value]} if value else {}
        elif value not in ("", (), None):
            told[field.name] = list(value) if isinstance(value, tuple) else value
    # Beyond ASCII too as it is written: people read the file in reviews.
    return clean(json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(", ", ": ")))


def read(text: str) -> Committed:
    """The lesson of a line, cut to what a line may hold.

    Raises:
        LaterLine: it is one of a later version.
        ValueError: it is none; the message says what is wrong with it, without quoting it.
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("no line of JSON") from None
    version = told.get("v") if isinstance(told, dict) else None
    if not isinstance(version, int):
        raise ValueError("no lesson")
    if version > VERSION:
        raise LaterLine
    try:
        return _read(told)
    except KeyError as error:
        raise ValueError(f"without {error.args[0]!r}") from None
    except (TypeError, RecursionError):
        raise ValueError("no lesson") from None


def bounded_code(text: str) -> str:
    """A few lines of code, cut."""
    if not text:
        return ""
    lines = clean(text[: 4 * CODE_LINES * CODE_WIDTH]).strip("\n").split("\n")
    return "\n".join(one[:CODE_WIDTH].rstrip() for one in lines[:CODE_LINES])


def _read(told: Mapping[str, Any]) -> Committed:
    path = told.get("path")
    if path is not None and (not isinstance(path, str) or not is_inside(path)):
        raise ValueError("with a path outside the project")
    seen = told.get("seen", STEPS[0])
    if isinstance(seen, bool) or not isinstance(seen, int) or seen < 1:
        raise ValueError("with a 'seen' that is no count")
    fix = told.get("fix")
    words = told.get("words", {})
    if not isinstance(words, dict) or not isinstance(fix, dict | None):
        raise TypeError
    fingerprint = told["fingerprint"]
    if not isinstance(fingerprint, str) or not fingerprint or flat(fingerprint, FINGERPRINT_LIMIT) != fingerprint:
        raise ValueError("without a fingerprint that could be one")
    return Committed(
        fingerprint=fingerprint,
        symbol_key=_text(told["symbol_key"], NAME_LIMIT),
        rule_id=_text(told["rule_id"], NAME_LIMIT),
        category=_one_of(told["category"], CATEGORIES, "category"),
        severity=_one_of(told["severity"], SEVERITIES, "severity"),
        exception=_text(told["exception"], NAME_LIMIT),
        lesson=_text(told["lesson"], TEXT_LIMIT),
        first_seen=_day(_text(told["first_seen"], 10)),
        seen=step(seen),
        state="enforced" if _one_of(told.get("state", "active"), STANDINGS, "state") == "enforced" else "active",
        message=_text(told.get("message", ""), TEXT_LIMIT),
        symbols=_texts(told.get("symbols", ())),
        models=_texts(told.get("models", ())),
        unit=_text(told.get("unit", ""), NAME_LIMIT),
        path=path,
        kin=_text(told.get("kin", ""), NAME_LIMIT),
        contexts=_texts(told.get("contexts", ())),
        bad=bounded_code(_string(told.get("bad", ""))),
        fix=None if fix is None else _read_cure(fix),
        words=tuple(sorted((_text(part, NAME_LIMIT), _text(said, TEXT_LIMIT)) for part, said in words.items())),
        # Cleaned as the line is when it is written: no half of a surrogate pair may reach the store.
        matchers=tuple(clean(json.dumps(one, sort_keys=True, ensure_ascii=False)) for one in told.get("matchers", ())),
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("with a 'first_seen' that is no day") from None


def _cure(fix: Cure) -> dict[str, Any]:
    told = {field.name: getattr(fix, field.name) for field in fields(fix)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in told.items() if value}


def _read_cure(told: Mapping[str, Any]) -> Cure:
    return Cure(
        bad=bounded_code(_string(told.get("bad", ""))),
        good=bounded_code(_string(told.get("good", ""))),
        signature=bounded_code(_string(told.get("signature", ""))),
        imports=_texts(told.get("imports", ())),
        difference=_text(told.get("difference", ""), TEXT_LIMIT),
    )


def _union(lists: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(sorted({one for each in lists for one in each}))[:LIST_LIMIT]


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _text(value: object, limit: int) -> str:
    return clean(_string(value)[:limit])


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError
    return tuple([_text(one, NAME_LIMIT) for one in value[:LIST_LIMIT]]) if value else ()


def _one_of(value: object, allowed: Sequence[str], name: str) -> str:
    if value not in allowed:
        raise ValueError(f"with a {name!r} that is none")
    return str(value)
