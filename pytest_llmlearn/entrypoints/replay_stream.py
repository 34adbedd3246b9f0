"""Streams of past generations, read line by line: one JSON object for each, in the order in which they came.

The schema stands in docs/evaluate.md. A folder with a pair of files, `replay_*.jsonl` (what was generated) and
`outcomes_*.jsonl` (what the tests said of it), is read as the stream that the two make up.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_llmlearn.domain.occurrence import PHASES
from pytest_llmlearn.domain.replay import Attempt, Failure
from pytest_llmlearn.errors import BadInput

_ATTEMPT: Mapping[str, tuple[type, ...]] = {
    "id": (str,),
    "task": (str,),
    "model": (str,),
    "prompt": (str,),
    "path": (str,),
    "passed": (bool,),
    "failures": (list,),
}
_FAILURE: Mapping[str, tuple[type, ...]] = {"nodeid": (str,), "exception": (str,), "message": (str,)}
_OF_ATTEMPT: Mapping[str, tuple[type, ...]] = {"code": (str, type(None))}
_OF_FAILURE: Mapping[str, tuple[type, ...]] = {
    "mro": (list, type(None)),
    "when": (str, type(None)),
    "line": (int, type(None)),
    "function": (str, type(None)),
    "statement": (str, type(None)),
}


def read(source: Path, split: str | None = None) -> Iterator[Attempt]:
    """The attempts of a stream, or of a folder with the two files; `split` is what stands for the `*` there.

    Raises:
        BadInput: a line is not what it should be, and is named; or the folder has none or several such pairs.
        OSError: it cannot be read.
    """
    if source.is_dir():
        for number, line in enumerate(_pair(source, split), 1):
            yield _attempt(line, f"{source}, generation {number}")
        return
    for number, line in _lines(source):
        yield _attempt(line, f"{source}, line {number}")


def to_line(attempt: Attempt) -> dict[str, Any]:
    """An attempt as a line of the stream has it."""
    failures = [
        {
            key: list(value) if key == "mro" else value
            for key in (*_FAILURE, *_OF_FAILURE)
            if (value := getattr(failure, key)) not in (None, ())
        }
        for failure in attempt.failures
    ]
    kept = {key: getattr(attempt, key) for key in (*_ATTEMPT, *_OF_ATTEMPT) if getattr(attempt, key) is not None}
    return {**kept, "failures": failures}


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open("rb") as lines:
        for number, raw in enumerate(lines, 1):
            where = f"{path}, line {number}"
            try:
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                if not text:
                    continue
                value = json.loads(text)
            except UnicodeDecodeError:
                raise BadInput(f"{where} is not UTF-8 text") from None
            except (ValueError, RecursionError) as error:
                raise BadInput(f"{where} is not JSON: {error}") from None
            if not isinstance(value, dict):
                raise BadInput(f"{where} is not a JSON object")
            yield number, value


def _attempt(line: Mapping[str, Any], where: str) -> Attempt:
    _check(line, _ATTEMPT, _OF_ATTEMPT, where)
    failures = tuple(
        _failure(failure, f"{where}, failure {number}") for number, failure in enumerate(line["failures"], 1)
    )
    if line["passed"] and failures:
        raise BadInput(f"{where} is said to have passed, but has failures")
    told: dict[str, Any] = {key: line.get(key) for key in (*_ATTEMPT, *_OF_ATTEMPT)}
    return Attempt(**{**told, "failures": failures})


def _failure(line: Any, where: str) -> Failure:
    if not isinstance(line, dict):
        raise BadInput(f"{where} is not a JSON object")
    _check(line, _FAILURE, _OF_FAILURE, where)
    if not all(isinstance(name, str) for name in line.get("mro") or ()):
        raise BadInput(f"{where}: 'mro' must hold the names of classes")
    when = line.get("when") or "call"
    if when not in PHASES:
        raise BadInput(f"{where}: 'when' must be one of {', '.join(PHASES)}, not {when!r}")
    kept = {key: line[key] for key in (*_FAILURE, "line", "function", "statement") if line.get(key) is not None}
    return Failure(**kept, mro=tuple(line.get("mro") or ()), when=when)


def _check(
    line: Mapping[str, Any],
    required: Mapping[str, tuple[type, ...]],
    optional: Mapping[str, tuple[type, ...]],
    where: str,
) -> None:
    """All that is wrong with the keys of a line, at once. Keys that nobody knows are let be."""
    problems = [f"missing key {key!r}" for key in required if key not in line]
    for key, kinds in {**required, **optional}.items():
        value = line.get(key)
        if key in line and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
            wanted = " or ".join("null" if kind is type(None) else kind.__name__ for kind in kinds)
            problems.append(f"{key!r} must be {wanted}, not {type(value).__name__}")
    if problems:
        raise BadInput(f"{where}: {'; '.join(problems)}")


def _pair(folder: Path, split: str | None) -> Iterator[dict[str, Any]]:
    """The lines of the stream that the folder's two files make up, by `seq`; generations without outcome left out."""
    names = [path.name.removeprefix("replay_").removesuffix(".jsonl") for path in sorted(folder.glob("replay_*.jsonl"))]
    if split is None and len(names) != 1:
        many = f"several splits ({', '.join(names)}): name one with --split" if names else "no file replay_*.jsonl"
        raise BadInput(f"{folder} has {many}")
    name = split if split is not None else names[0]
    outcomes = {str(line.get("id")): (number, line) for number, line in _lines(folder / f"outcomes_{name}.jsonl")}
    found = [(number, line) for number, line in _lines(folder / f"replay_{name}.jsonl")]
    for number, line in found:
        absent = [key for key in ("id", "seq", "task_id", "model", "prompt", "module") if key not in line]
        if absent or not isinstance(line["seq"], int):
            reason = f"missing key {absent[0]!r}" if absent else "'seq' must be int"
            raise BadInput(f"{folder / f'replay_{name}.jsonl'}, line {number}: {reason}")
    for _, line in sorted(found, key=lambda each: int(each[1]["seq"])):
        if line["id"] in outcomes:
            number, outcome = outcomes[line["id"]]
            yield _joined(line, outcome, f"{folder / f'outcomes_{name}.jsonl'}, line {number}")


def _joined(generation: Mapping[str, Any], outcome: Mapping[str, Any], where: str) -> dict[str, Any]:
    failures = outcome.get("failures")
    if not isinstance(failures, list) or not all(isinstance(one, dict) for one in failures):
        raise BadInput(f"{where}: 'failures' must be a list of JSON objects")
    return {
        "id": generation["id"],
        "task": generation["task_id"],
        "model": generation["model"],
        "prompt": generation["prompt"],
        "path": f"{generation['module']}.py",
        "code": generation.get("code"),
        "passed": outcome.get("status") == "pass",
        "failures": [_corpus_failure(one) for one in failures],
    }


def _corpus_failure(failure: Mapping[str, Any]) -> dict[str, Any]:
    place = failure.get("last_generated_frame") or {}
    return {
        "nodeid": failure.get("nodeid"),
        "when": failure.get("when"),
        "exception": failure.get("exc_type") or "Failed",
        "mro": failure.get("exc_mro"),
        "message": failure.get("message") or "",
        "line": place.get("line"),
        "function": place.get("func"),
    }
