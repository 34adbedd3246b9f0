"""Who wrote a line, by the trace files: each record is laid on the file as it is now."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from pytest_llmlearn.adapters.agent_trace.files import TraceFiles
from pytest_llmlearn.domain import source
from pytest_llmlearn.domain.content_hash import Effort
from pytest_llmlearn.domain.history import Origin
from pytest_llmlearn.domain.provenance import Provenance
from pytest_llmlearn.domain.traced import Claim, Found, Ground, Said, claimed, folded, latest, texts
from pytest_llmlearn.hookspecs import History

FILE_EFFORT = 1_000_000
"""Characters of one file that are hashed in search of moved code: about 0.2 seconds."""
EFFORT = 5_000_000
"""Of all files that are asked for at once."""
GLANCED = 500
"""Paths that are looked for on the disk before it is said that a trace speaks of nothing here."""


class AgentTraceReader:
    """Lines by `.llmlearn/traces.jsonl` and `.agent-trace/traces.jsonl`. Without trace files it costs nothing."""

    name = "agent-trace"

    def __init__(
        self,
        root: Path,
        history: History,
        text_of: Callable[[str], str | None],
        *,
        files: TraceFiles | None = None,
    ) -> None:
        self._files = files if files is not None else TraceFiles(root)
        self._history = history
        self._text_of = text_of
        self._gave_up = 0

    @property
    def notices(self) -> Sequence[str]:
        """What of the trace files was not read, and whether moved code was not looked for to the end."""
        if not self._gave_up:
            return self._files.notices
        return [
            *self._files.notices,
            f"code that moved was not looked for to the end in {self._gave_up} files: many traces, and much text",
        ]

    def read(self, paths: Sequence[str]) -> Mapping[str, Sequence[Provenance | None]]:
        """One answer for each line of those of `paths` that a record speaks of now."""
        claims = self._files.claims()
        if not claims:
            return {}
        origins = self._history.origins(paths)
        asked = {path: found for path in paths if (found := self._claims_on(path, origins.get(path, ()), claims))}
        if not asked:
            return {}
        uncommitted = self._history.uncommitted([*asked])
        times = self._times(asked, origins)
        grounds = [
            one
            for path, claims_on in asked.items()
            for one in self._grounds(path, claims_on, origins.get(path, ()), uncommitted.get(path), times)
        ]
        self._find(grounds)
        # Only what was not found by its text needs the commits that touched its file.
        names = sorted({one.ground.name for one in grounds if one.ground.name and not one.is_complete})
        changes = self._history.touching(names) if names else {}
        said: dict[str, list[Said]] = {}
        for one in grounds:
            ground = replace(one.ground, changes=changes.get(one.ground.name, ()))
            said.setdefault(one.path, []).extend(claimed(one.claims, ground, one.hashed))
        lengths = {one.path: len(one.ground.lines) for one in grounds}
        return {path: latest(those, lengths[path]) for path, those in said.items() if those}

    def says_anything(self) -> bool:
        """Whether a record says of a file that is there that a model had a hand in it."""
        for _, (path, claims) in zip(range(GLANCED), self._files.claims().items(), strict=False):
            if any(span.type in ("ai", "mixed") for claim in claims for span in claim.spans) and Path(path).is_file():
                return True
        return False

    def standing(self) -> str:
        """Sizes and dates of the trace files."""
        return self._files.standing()

    def _claims_on(
        self, path: str, origins: Iterable[Origin | None], claims: Mapping[str, Sequence[Claim]]
    ) -> dict[str, Sequence[Claim]]:
        """What is claimed of a file, by the names it had in the commits that its lines come from.

        The name is empty where there is no repository.
        """
        whole = os.path.normpath(f"{self._files.root}/{path}").replace("\\", "/")
        name = self._history.name_of(path)
        found = {name or "": claims.get(folded(whole), ())}
        if name is not None and whole.endswith(f"/{name}"):
            top = whole[: -len(name)]
            for old in {origin.path for origin in origins if origin is not None} - {name}:
                found[old] = claims.get(folded(top + old), ())
        return {name: those for name, those in found.items() if those}

    def _times(
        self, asked: Mapping[str, Mapping[str, Sequence[Claim]]], origins: Mapping[str, Sequence[Origin | None]]
    ) -> dict[str, datetime]:
        """When the commits were made that lines come from, and those that records name."""
        wanted = {origin.commit for path in asked for origin in origins.get(path, ()) if origin is not None}
        for found in asked.values():
            for claims in found.values():
                wanted.update(claim.record.revision for claim in claims if claim.record.revision is not None)
        return {commit: known.time for commit, known in self._history.commits(wanted).items()}

    def _grounds(
        self,
        path: str,
        found: Mapping[str, Sequence[Claim]],
        origins: Sequence[Origin | None],
        uncommitted: Sequence[bool] | None,
        times: Mapping[str, datetime],
    ) -> Iterator[_Asked]:
        """One file as each of its names has it."""
        text = self._text_of(path)
        if not text:
            return
        lines = source.lines_of(text)
        lines = lines if lines[-1] else lines[:-1]
        current = self._history.name_of(path)
        if current is None:
            uncommitted = [True] * len(lines)
        for name, claims in found.items():
            # Of what is not committed, numbers under an older name say nothing.
            new = uncommitted or () if name == (current or "") else ()
            ground = Ground(lines=lines, origins=origins, uncommitted=new, name=name, times=times)
            dated = [replace(claim, named=times.get(claim.record.revision or "")) for claim in claims]
            yield _Asked(path, dated, ground)

    def _find(self, asked: Sequence[_Asked]) -> None:
        """Look for the texts of hashed ranges, in each file and in all together with bounded effort."""
        left = EFFORT
        for one in asked:
            effort = Effort(min(FILE_EFFORT, left))
            left -= effort.left
            one.hashed = texts(one.claims, one.ground, effort)
            left += effort.left
            if effort.left <= 0:
                self._gave_up += 1


@dataclass(slots=True)
class _Asked:
    """One file under one of its names: what is claimed of it, and which texts of that were found."""

    path: str
    claims: Sequence[Claim]
    ground: Ground
    hashed: Found = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        return len(self.hashed) == sum(len(claim.spans) for claim in self.claims)
