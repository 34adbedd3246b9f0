"""Scan code for mistakes that no test need show, and take what is found as failures are taken.

Only what changed is looked at again: a file is known by its content, under the rules and the program of the time.
What was found in LLM-written code is recorded; what a later version of it no longer shows is healed; lessons shown
before are judged. What could not be heard whole is no witness.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from hashlib import blake2b
from typing import TYPE_CHECKING
from uuid import uuid4

from pytest_llmlearn.app.ports import Clock, Fixes, Store
from pytest_llmlearn.app.ports.scan import Answer, Baseline, Looked, Problem, Scanner, Scans, Seen
from pytest_llmlearn.app.provenance import Origins
from pytest_llmlearn.domain import flaw as flaws
from pytest_llmlearn.domain import source
from pytest_llmlearn.domain.culprit import is_test_file
from pytest_llmlearn.domain.entry import Run
from pytest_llmlearn.domain.finding import Finding
from pytest_llmlearn.domain.fingerprint import fingerprint
from pytest_llmlearn.domain.fix import Fix, Healing, Red
from pytest_llmlearn.domain.flaw import Flaw, path_of, placed, rule_of
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.domain.redaction import redact as own_redact
from pytest_llmlearn.errors import ScannerUnavailable, StoreError
from pytest_llmlearn.hookspecs import Surroundings

if TYPE_CHECKING:
    from pytest_llmlearn.app.heal import Judge, Mined
    from pytest_llmlearn.app.judging import Judging
    from pytest_llmlearn.app.record import Recording

PLAINLY = "only the plainest mistakes were looked for"
CHANGING = "it was changed while it was scanned; it is looked at the next time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What a scan came to.

    `flaws` are of all files that were asked for, those that had not changed included, but not what is accepted or
    muted; `files` counts them and `looked` those that were looked at now. `recording` is of what was found in
    LLM-written code now, `fixes` are the repairs that this scan saw.
    """

    flaws: tuple[Flaw, ...] = ()
    problems: tuple[Problem, ...] = ()
    files: int = 0
    looked: int = 0
    accepted: int = 0
    muted: int = 0
    recording: Recording | None = None
    fixes: tuple[Mined, ...] = ()


class Scanning:
    """The use case, for one project. `files` lists its Python files, `excluded` are globs of those left out.

    `scanner` scans; where its program is missing, `plain` does what can be done without. `record` takes failures as
    `Recorder.record` does; `commit` and `session` are those of now. `content` reads a file
    anew each time, for it may be edited meanwhile.
    """

    def __init__(
        self,
        *,
        scanner: Scanner,
        plain: Scanner,
        scans: Scans,
        baseline: Baseline,
        files: Callable[[], Sequence[str]],
        excluded: Sequence[str],
        surroundings: Surroundings,
        content: Callable[[str], bytes | None],
        origins: Origins,
        record: Callable[[Run, Sequence[Occurrence]], Recording],
        store: Store,
        fixes: Fixes,
        judge: Judge,
        judging: Judging,
        redact: Callable[[str], str],
        clock: Clock,
        commit: Callable[[], str | None],
        session: str | None = None,
    ) -> None:
        self._scanner = scanner
        self._plain = plain
        self._scans = scans
        self._baseline = baseline
        self._files = files
        self._excluded = tuple(excluded)
        self._surroundings = surroundings
        self._content = content
        self._origins = origins
        self._record = record
        self._store = store
        self._fixes = fixes
        self._judge = judge
        self._judging = judging
        self._redact = redact
        self._clock = clock
        self._commit = commit
        self._session = session

    def run(
        self,
        paths: Sequence[str] | None = None,
        *,
        accept: bool = False,
        make: bool = False,
        looked: Looked | None = None,
        jobs: int = 1,
    ) -> Scanned:
        """Scan these files, whoever wrote them; without any the LLM-written ones of the project.

        `paths` are from the root. With `accept` what is found is accepted and not recorded. `make` has what is
        remembered written even where `.llmlearn/` has to be made for it.

        Raises:
            ScannerUnavailable: it cannot be scanned; nothing was written.
            StoreError: what was found cannot be written.
            BadInput: the baseline cannot be read.
            OSError: what was scanned, or accepted, cannot be noted.
        """
        started = self._clock()
        accepted = self._baseline.read()
        scanner, terms, missing = self._there()
        known = self._scans.read(terms)
        wanted = [path for path in (self._files() if paths is None else paths) if not self._is_excluded(path)]
        digests = {path: digest for path in dict.fromkeys(wanted) if (digest := self._digest(path)) is not None}
        same = {path: one for path, one in known.items() if digests.get(path) == one.digest}
        if paths is None:
            # What was LLM-written stays so; of the others, who wrote them is remembered elsewhere.
            asked = [path for path in digests if path not in same or not same[path].generated]
            self._origins.load(asked)
            others = {path for path in asked if not self._origins.of(path).generated}
            digests = {path: digest for path, digest in digests.items() if path not in others}
            same = {path: replace(one, generated=path in digests) for path, one in same.items()}
        fresh = [path for path in digests if path not in same]
        answer = scanner.scan(fresh, looked, jobs=jobs) if fresh else Answer()
        whole = {path for path in fresh if self._digest(path) == digests[path]}
        seen = self._seen(answer, [path for path in fresh if path in whole], digests)
        moving = [Problem(message=CHANGING, path=path) for path in fresh if path not in whole]
        now = self._clock()
        late = [] if accept else self._late([same[path] for path in digests if path in same], accepted)
        found = [*flaws.without([flaw for one in seen.values() for flaw in one.flaws], accepted), *late]
        run = self._a_run(started, now, len(found), commit=bool(seen or late))
        recording = self._recorded(run, found) if found and not accept else None
        fixes = self._healed(run, seen, answer)
        if seen or late:
            heard = [path for path, one in seen.items() if one.whole]
            self._judging.judge_scan(run, scanned=heard, recording=recording)
        # A project in which no model wrote anything gets no folder of ours.
        taken = self._taken({**same, **seen}, recording, digests if paths is None else ())
        self._remember(terms, known, taken, make=make and bool(seen))
        together = {path: one for path in digests if (one := seen.get(path, known.get(path))) is not None}
        if accept:
            of_others = {key: count for key, count in accepted.items() if key[0] not in together}
            self._baseline.write(Counter(one.key for each in together.values() for one in each.flaws) | of_others)
            accepted = {}
        return self._told(
            together,
            [*missing, *(problem for problem in answer.problems if problem.path is None), *moving],
            accepted,
            looked=len(seen),
            recording=recording,
            fixes=fixes,
        )

    def _there(self) -> tuple[Scanner, str, list[Problem]]:
        """What can scan, under which terms, and what is to be said of that."""
        try:
            return self._scanner, self._scanner.terms(), []
        except ScannerUnavailable as error:
            if not error.missing:
                raise
            return self._plain, self._plain.terms(), [Problem(message=f"{error}; {PLAINLY}")]

    def forget(self) -> None:
        """Scan everything once more the next time.

        Raises:
            OSError: what is remembered cannot be removed.
        """
        self._scans.clear()

    def _is_excluded(self, path: str) -> bool:
        return any(
            fnmatchcase(path, glob) or fnmatchcase(path, f"{glob.rstrip('/')}/*") or fnmatchcase(path, f"*/{glob}")
            for glob in self._excluded
        )

    def _digest(self, path: str) -> str | None:
        content = self._content(path)
        return f"b2:{blake2b(content, digest_size=12).hexdigest()}" if content is not None else None

    def _seen(self, answer: Answer, paths: Sequence[str], digests: Mapping[str, str]) -> dict[str, Seen]:
        """What was said of each file, at its place in the text."""
        found: dict[str, list[Flaw]] = {path: [] for path in paths}
        partial = set(answer.partial)
        for path in paths:
            text = self._surroundings.text(path)
            if text is None or (text.strip() and source.parse(text) is None):
                partial.add(path)  # the scanner's grammar forgives more than Python's
        for one in answer.flaws:
            if one.path in found:
                text = self._surroundings.text(one.path) or ""
                where = placed(one, text, in_test=is_test_file(one.path, text), partial=one.path in partial)
                if flaws.is_silenced(where, text):
                    continue
                message = self._redact(where.message)
                found[one.path].append(replace(where, message=message, fix=self._redact(where.fix)))
        return {
            path: Seen(
                digest=digests[path],
                whole=path not in partial and path not in answer.unheard,
                flaws=tuple(found[path]),
                waiting=tuple(range(len(found[path]))),
                problems=tuple(problem for problem in answer.problems if problem.path == path),
            )
            for path in paths
        }

    def _a_run(self, started: datetime, now: datetime, failed: int, *, commit: bool) -> Run:
        return Run(
            run_id=uuid4().hex,
            started=started,
            finished=now,
            command="scan",
            failed=failed,
            commit=self._commit() if commit else None,
            session=self._session,
        )

    def _recorded(self, run: Run, found: Sequence[Flaw]) -> Recording:
        time = run.finished.timestamp()
        return self._record(run, [flaw.occurrence(time) for flaw in found])

    def _late(self, same: Sequence[Seen], accepted: Mapping[tuple[str, str, str], int]) -> list[Flaw]:
        """What earlier scans found before anybody knew that a model had written it, as before it was committed."""
        late: list[Flaw] = []
        for one in same:
            new = flaws.without(one.flaws, accepted) if one.waiting else ()
            waiting = [flaw for flaw in (one.flaws[index] for index in one.waiting) if flaw in new]
            late += [flaw for flaw in waiting if self._origins.of(flaw.path).at(flaw.line).generated]
        return late

    def _taken(
        self, scanned: Mapping[str, Seen], recording: Recording | None, generated: Collection[str]
    ) -> dict[str, Seen]:
        """What was said of each file, without those of its findings that are recorded waiting any more."""
        entries = recording.entries if recording is not None else ()
        rows = {(entry.nodeid, entry.line) for entry in entries if entry.scope == "generated"}
        taken = {}
        for path, one in scanned.items():
            keys = {index: (self._redact(one.flaws[index].nodeid), one.flaws[index].line) for index in one.waiting}
            waiting = tuple(index for index, key in keys.items() if key not in rows)
            taken[path] = replace(one, waiting=waiting, generated=one.generated or path in generated)
        return taken

    def _healed(self, run: Run, seen: Mapping[str, Seen], answer: Answer) -> tuple[Mined, ...]:
        """What was red, and is not in the present version of its file although its rule was asked; or the file is
        gone."""
        still = {self._redact(flaw.nodeid) for one in seen.values() for flaw in one.flaws}
        green = set()
        for nodeid in self._fixes.red_scans():
            path, rule = path_of(nodeid), rule_of(nodeid)
            heard = path in seen and seen[path].whole and rule in answer.asked and (path, rule) not in answer.hidden
            if heard and flaws.silences_in(self._surroundings.text(path) or "", flaws.function_of(nodeid)):
                continue
            if nodeid not in still and (heard or self._content(path) is None):
                green.add(nodeid)
        if not green:
            return ()
        from pytest_llmlearn.app.heal import Green  # most scans heal nothing

        now = Green(time=run.finished, commit=run.commit)
        healings: list[Healing] = []
        places: dict[tuple[str, str], Red] = {}
        for red in self._fixes.reds(green):
            healing = self._judge.judge(red, now)
            healings.append(healing)
            if healing.fix is not None:
                places.setdefault((red.fingerprint, healing.fix.digest), red)
        mined = self._fixes.note(time=run.finished, healed=green, healings=healings)
        return tuple(one for fix in mined if (one := self._mined(fix, places)) is not None)

    def _mined(self, fix: Fix, places: Mapping[tuple[str, str], Red]) -> Mined | None:
        from pytest_llmlearn.app.heal import Mined

        red = places[fix.fingerprint, fix.digest]
        pattern = next(iter(self._store.matching(fix.fingerprint)), None)
        if pattern is None or not pattern.shown:
            return None
        return Mined(fix=fix, path=red.path, qualname=red.qualname, seen=pattern.frequency)

    def _remember(self, terms: str, known: Mapping[str, Seen], taken: Mapping[str, Seen], *, make: bool) -> None:
        kept = {path: one for path, one in known.items() if path in taken or self._content(path) is not None}
        if {**kept, **taken} != known:
            self._scans.write(terms, {**kept, **taken}, make=make)

    def _told(
        self,
        seen: Mapping[str, Seen],
        problems: Sequence[Problem],
        accepted: Mapping[tuple[str, str, str], int],
        *,
        looked: int,
        recording: Recording | None,
        fixes: tuple[Mined, ...],
    ) -> Scanned:
        every = [flaw for _, one in sorted(seen.items()) for flaw in one.flaws]
        new = flaws.without(every, accepted)
        muted = self._muted(new)
        shown = tuple(flaw for flaw in new if flaw not in muted)
        own = [problem for _, one in sorted(seen.items()) for problem in one.problems]
        return Scanned(
            flaws=shown,
            problems=tuple(dict.fromkeys([*problems, *own])),
            files=len(seen),
            looked=looked,
            accepted=len(every) - len(new),
            muted=len(new) - len(shown),
            recording=recording,
            fixes=fixes,
        )

    def _muted(self, found: Sequence[Flaw]) -> frozenset[Flaw]:
        """Those whose pattern a person has called wrong."""
        states: dict[str, bool] = {}
        muted = set()
        for flaw in found:
            identity = fingerprint(
                Finding(rule=flaw.rule, symbols=flaw.symbols), flaw.occurrence(0).exception, own_redact(flaw.message)
            ).exact
            if identity not in states:
                try:
                    states[identity] = any(one.state == "muted" for one in self._store.matching(identity))
                except StoreError:  # a question that the report can do without: it shows one flaw too many
                    states[identity] = False
            if states[identity]:
                muted.add(flaw)
        return frozenset(muted)
