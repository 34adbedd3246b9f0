"""Deliver an answer: hold some lessons back for the sake of the comparison, and write down what is shown.

Who asks gets the whole answer; only what is brought unasked in a known session may lack a lesson. A lesson is never
held back unless that could be written down, and an answer is never late or lost for what is written of it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from pytest_llmlearn.app.ports import Clock
from pytest_llmlearn.app.ports.exposures import Exposures, Showing, Shown
from pytest_llmlearn.domain import effect, source, written
from pytest_llmlearn.domain.guidance import Guidance, Match, Query
from pytest_llmlearn.domain.guidance_text import Count, guide, tokens

UNLOGGED = "evaluate"
"""The channel of answers that nobody reads before writing code."""


class Delivery:
    """The use case. `text_of` reads a file of the project; `holdback` is the share that is held back, 0 for none.

    `awaits` is called when the next run of the tests has something to judge; `count` tells a text's length in tokens.
    """

    def __init__(
        self,
        exposures: Exposures,
        text_of: Callable[[str], str | None],
        *,
        clock: Clock,
        holdback: float,
        awaits: Callable[[], None],
        count: Count = tokens,
    ) -> None:
        self._exposures = exposures
        self._text_of = text_of
        self._clock = clock
        self._holdback = holdback
        self._awaits = awaits
        self._count = count

    def deliver(self, answer: Guidance) -> Guidance:
        """The answer as it is shown.

        What is held back leaves its place empty: no further lesson moves up, for it would then be shown only where
        another one is not.
        """
        query = answer.query
        automatic = query.channel in effect.AUTOMATIC
        # Of what is brought unasked, only the text is read.
        if query.channel == UNLOGGED or not answer.matches or (automatic and not answer.text):
            return answer
        lessons = tuple(self._lesson(match, query) for match in answer.matches)
        if not self._exposures.show(self._showing(query, lessons)):
            return answer
        with suppress(OSError):  # the next run that is looked at for another reason judges it
            self._awaits()
        kept = [match for match, lesson in zip(answer.matches, lessons, strict=True) if lesson.shown]
        if len(kept) == len(lessons):
            return answer
        below = answer.below
        return guide(query, kept, below=below, count=self._count) if kept else Guidance(query=query, below=below)

    def _lesson(self, match: Match, query: Query) -> Shown:
        pattern = match.pattern
        eligible = effect.eligible(query.channel, query.session, pattern.state, pattern.category, pattern.severity)
        held = eligible and effect.held_back(pattern.fingerprint, query.session or "", self._holdback)
        return Shown(
            fingerprint=pattern.fingerprint,
            shown=not held,
            propensity=effect.propensity(self._holdback, eligible),
        )

    def _showing(self, query: Query, lessons: tuple[Shown, ...]) -> Showing:
        showing = Showing(
            time=self._clock(),
            channel=query.channel,
            lessons=lessons,
            session=query.session or None,
            path=query.path,
            unit=query.unit,
            model=query.model,
        )
        text = self._text_of(query.path) if query.path is not None else None
        if text is None:
            return showing
        return replace(showing, text_digest=source.text_digest(text), pieces=written.states(text))
