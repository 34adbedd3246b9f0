"""The lessons that are committed: read where they changed, written from what was learned, joined with what was seen.

The file is reviewed with the code, and trusted as much: its lessons are active. It says nothing of occurrences, so none
of them counts as seen here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pytest_llmlearn.app.ports.committed import CommittedRows, LessonsFile, Lines
from pytest_llmlearn.app.ports.lessons import Known, Lessons
from pytest_llmlearn.app.ports.matchers import Matchers
from pytest_llmlearn.domain import committed, recurring
from pytest_llmlearn.domain.committed import Committed, Cure
from pytest_llmlearn.domain.committed_matchers import matchers_of, written
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.lesson import PARTS, best_fix
from pytest_llmlearn.domain.matcher import Matcher
from pytest_llmlearn.domain.occurrence import is_inside
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.recurring import Standing
from pytest_llmlearn.errors import StoreError

CONTEXTS = 5
"""Surroundings that are written down: the most frequent ones when the lesson was first exported."""
NOBODY = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What exporting came to: the `text` of the file, how many lessons it holds, and how it differs from before.

    `problems` are sentences about lines that could not be read; of these only those of a later version are in the text.
    """

    text: str
    lessons: int
    added: int
    changed: int
    removed: int
    problems: tuple[str, ...] = ()


class CommittedLessons:
    """The use case. `lessons` tells what the store knows beside a pattern, `matchers` what recognises it;
    `redact` makes text fit to be shared."""

    def __init__(
        self,
        *,
        file: LessonsFile,
        rows: CommittedRows,
        lessons: Lessons,
        matchers: Matchers,
        redact: Callable[[str], str],
    ) -> None:
        self._file = file
        self._rows = rows
        self._lessons = lessons
        self._matchers = matchers
        self._redact = redact
        self._last: str | None = None
        self.notices: list[str] = []

    def catch_up(self, *, gone: bool = True) -> None:
        """Take the file in where it is another than the one that was taken in last: see `LessonsFile.stamp`.

        Where it cannot be, the store answers as it is, and that is noticed. `gone`: also look whether there was a file
        and is none any more, for which the store has to be asked.
        """
        stamp = self._file.stamp()
        if stamp == self._last or not (stamp or gone):
            return
        try:
            if (stamp or self._rows.exists) and self._rows.stamp() != stamp:
                found = self._file.read()
                lessons = committed.folded(found.lessons)
                self._rows.take_in(lessons, stamp)
                matchers = [matcher for one in lessons for matcher in matchers_of(one)]
                if matchers:
                    self._matchers.put(matchers)
                self.notices += [one for one in found.problems if one not in self.notices]
        except (StoreError, OSError) as error:
            if stamp:  # else there is nothing to be taken in, and whoever asks on hears of the store himself
                self.notices.append(f"the committed lessons could not be taken in: {error}")
        self._last = stamp

    def standings(self, fingerprints: Collection[str], run: str | None = None) -> Mapping[str, Standing]:
        """How each of these mistakes stands for the run of that id, see `domain.recurring`; without one, by now.

        Of what nothing is known nothing is said.
        """
        self.catch_up()
        patterns = self._rows.patterns(fingerprints)
        roots = {one.fingerprint for one in patterns.values()}
        states = self._rows.states(roots, run)
        lines = self._rows.lines(roots)
        known = self._lessons.known(roots)
        return {
            name: recurring.standing(
                states=states.get(one.fingerprint, ()),
                frequency=one.frequency,
                first_seen=one.first_seen if one.raw_count else None,
                models=one.models,
                enforced=one.state == "enforced",
                fix=best_fix(known.get(one.fingerprint, Known()).fixes),
                committed=lines.get(one.fingerprint),
            )
            for name, one in patterns.items()
        }

    def exported(self) -> Exported:
        """The file as it is to be written: what it holds, joined with the lessons that are active or enforced here.

        Lines stay that the store does not know, and those of lessons that it does say what they said: only the step,
        the day, the models and the state move, and a fix, a person's words or a matcher come to them. What was muted or
        retired here, or merged into another, goes.

        Raises:
            OSError: the file is there and cannot be read.
            StoreError: the store cannot be read.
        """
        found = self._file.read()
        before, after = self._both(found)
        lessons = committed.folded(after.values())
        return Exported(
            text="".join(f"{one}\n" for one in (*map(committed.line, lessons), *sorted(set(found.later)))),
            lessons=len(lessons),
            added=len(after.keys() - before.keys()),
            changed=sum(one != before[name] for name, one in after.items() if name in before),
            removed=len(before.keys() - after.keys()),
            problems=found.problems,
        )

    def _both(self, found: Lines) -> tuple[Mapping[str, Committed], Mapping[str, Committed]]:
        """The lessons of the file, and as they are to stand there, by their fingerprints."""
        before = {one.fingerprint: one for one in committed.folded(found.lessons)}
        gone = self._rows.dropped()
        patterns = self._rows.lasting()
        known = self._lessons.known([one.fingerprint for one in patterns])
        held: dict[str, list[Matcher]] = {}
        for matcher in self._matchers.kept() if patterns else ():
            held.setdefault(matcher.fingerprint, []).append(matcher)
        after = {name: one for name, one in before.items() if name not in gone}
        for pattern in patterns:
            told = before.get(pattern.fingerprint)
            if told is None and pattern.archived:
                continue
            beside = known.get(pattern.fingerprint, Known())
            made = self._line(pattern, beside, told, held.get(pattern.fingerprint, ()))
            after[pattern.fingerprint] = made
        return before, after

    def write(self, exported: Exported) -> None:
        """Put it in the place of the file.

        Raises:
            OSError: it cannot be written.
        """
        self._file.write(exported.text)

    def check(self) -> Sequence[str]:
        """What is wrong with the file, in sentences; none where nothing is.

        Where the store learned lessons itself, the file has to teach what `exported` would: how often, since when and
        by whom a mistake was seen, and the order of lines, are no matter, else a run that meets a known mistake again
        would make any file wrong. Where it did not, as in a fresh clone, it is enough that every line can be read and
        holds nothing that redaction would hide.

        Raises:
            OSError: the file is there and cannot be read.
            StoreError: the store cannot be read.
        """
        found = self._file.read()
        wrong = [*found.problems, *self._unfit(found)]
        if not wrong and any(one.frequency for one in self._rows.lasting()):
            before, after = self._both(found)
            counts = {
                "missing": len(after.keys() - before.keys()),
                "out of date": sum(
                    _taught(one) != _taught(before[name]) for name, one in after.items() if name in before
                ),
                "to go": len(before.keys() - after.keys()),
            }
            told = [f"{count} {what}" for what, count in counts.items() if count]
            if told:
                wrong.append(
                    f"the committed lessons are not what was learned ({', '.join(told)}): "
                    "`llmlearn lessons export` writes them anew"
                )
        return wrong

    def _unfit(self, found: Lines) -> Iterable[str]:
        unfit = [one.fingerprint for one in found.lessons if self._clean(one) != one]
        if unfit:
            also = f" and {len(unfit) - 1} more" if len(unfit) > 1 else ""
            yield f"the committed lesson {unfit[0]}{also} holds what redaction would hide: take it out"

    def _clean(self, one: Committed) -> Committed:
        """The lesson without what must not be shared."""
        redact = self._redact
        fix = one.fix
        return replace(
            one,
            message=redact(one.message),
            lesson=redact(one.lesson),
            bad=redact(one.bad),
            symbols=tuple(map(redact, one.symbols)),
            words=tuple((part, redact(text)) for part, text in one.words),
            fix=None if fix is None else replace(
                fix, bad=redact(fix.bad), good=redact(fix.good), difference=redact(fix.difference)
            ),
        )  # fmt: skip

    def _line(self, pattern: Pattern, known: Known, told: Committed | None, matchers: Iterable[Matcher]) -> Committed:
        fix = best_fix(known.fixes)
        base = told if told is not None else self._new(pattern, known)
        own = known.reworded if known.reworded is not None and known.reworded.version else None
        made = replace(
            base,
            seen=max(base.seen, committed.step(pattern.frequency)),
            first_seen=min(base.first_seen, pattern.first_seen.date()) if pattern.raw_count else base.first_seen,
            models=tuple(sorted({*base.models, *(model for model in pattern.models if model != NOBODY)})),
            state="enforced" if pattern.state == "enforced" else "active",
            fix=base.fix if base.fix is not None or fix is None else _cure(fix),
            matchers=base.matchers or written(matchers),
            words=base.words
            if own is None
            else tuple((part, text) for part in sorted(PARTS) if (text := getattr(own, part)) is not None),
        )
        # As it will be read again: cut to what a line may hold.
        return committed.read(committed.line(self._clean(made)))

    @staticmethod
    def _new(pattern: Pattern, known: Known) -> Committed:
        return Committed(
            fingerprint=pattern.fingerprint,
            symbol_key=pattern.symbol_key,
            rule_id=pattern.rule_id,
            category=pattern.category,
            severity=pattern.severity,
            exception=pattern.exception,
            lesson=pattern.lesson,
            first_seen=pattern.first_seen.date(),
            message=pattern.message,
            symbols=tuple(sorted(pattern.symbols)),
            unit=pattern.unit,
            path=pattern.path if pattern.path is not None and is_inside(pattern.path) else None,
            kin=pattern.kin,
            contexts=tuple(sorted(known.contexts[:CONTEXTS])),
            bad=committed.bounded_code(pattern.bad),
        )


def _taught(one: Committed) -> Committed:
    """The lesson without what is counted of it."""
    return replace(one, seen=committed.STEPS[0], first_seen=date.min, models=())


def _cure(fix: Fix) -> Cure:
    return Cure(
        bad=committed.bounded_code(fix.bad),
        good=committed.bounded_code(fix.good),
        signature=committed.bounded_code(fix.signature),
        imports=fix.imports,
        difference=fix.difference,
    )
