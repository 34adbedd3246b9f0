"""What a run has to show a CI: the marks at its lines, files of reports, and gates that are shut by what was seen.

All of it is off unless a CI is at work or somebody asked; then nothing is loaded for it.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmlearn.app.record import Recording
    from pytest_llmlearn.bootstrap import Memory
    from pytest_llmlearn.domain.annotation import Annotation
    from pytest_llmlearn.settings import Root, Settings

CI = ("GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "BUILDKITE")
"""Variables by which those that marks are written for make themselves known; see `annotations.publish`."""


class Marking:
    """What one run of the tests shows. `notices` are what people should know of it, `lines` what the CI is to read.

    `verdict` is why the run fails although its tests pass; "" where it does not.
    """

    def __init__(self, root: Root, settings: Settings, environ: Mapping[str, str]) -> None:
        self._root = root
        self._settings = settings
        self._environ = environ
        self._annotations: list[Annotation] | None = []
        self.notices: list[str] = []
        self.lines: tuple[str, ...] = ()
        self.verdict = ""

    @property
    def wanted(self) -> bool:
        """Whether it is to be known what there is to mark."""
        return self._writes or bool(self._settings.fail_on)

    @property
    def _writes(self) -> bool:
        asked = self._settings
        if asked.sarif or asked.codequality or asked.rdjson or asked.summary:
            return True
        return asked.annotate not in ("auto", "none") or (
            asked.annotate == "auto" and any(self._environ.get(name) for name in CI)
        )

    def take(self, memory: Memory, recording: Recording, run: str) -> None:
        """What the run of that id recorded."""
        if not self.wanted:
            return
        try:
            self._annotations = memory.annotations(recording, run)
        except Exception as error:  # what is learned is not the hostage of what is shown of it
            self.fail()
            self.notices.append(f"what there is to mark for the CI could not be told: {said(error)}")

    def fail(self) -> None:
        """It is not known what there is: that is not nothing, and is not written as such."""
        self._annotations = None

    def publish(self, scanned: Sequence[Annotation]) -> None:
        """Write the files that were asked for, and keep the lines for the end; `scanned` is what a scan found."""
        if not self._writes:
            return
        if self._annotations is None:
            self.notices.append("as it is not known what there is to mark, no files were written for the CI")
            return
        try:
            from pytest_llmlearn.entrypoints.annotations.publish import publish

            published = publish([*self._annotations, *scanned], self._settings, self._root.path, self._environ)
            self.lines = published.lines
            self.notices += published.notices
        except Exception as error:  # as above; `llmlearn annotate` writes the same by hand
            self.notices.append(f"nothing was marked for the CI: {said(error)}")
            if self._environ.get("LLMLEARN_DEBUG"):
                traceback.print_exc()

    def close_gates(self, session: pytest.Session, exit_status: int, scanned: Sequence[Annotation]) -> None:
        """Have the run fail by what was seen, where that was asked for; no other status gives way to it."""
        gates = self._settings.fail_on
        if not gates:
            return
        if self._annotations is None:
            self.notices.insert(0, "what was seen is not known, so --llm-learn-fail-on could not look at it")
            return
        from pytest_llmlearn.adapters.baseline import BaselineFile
        from pytest_llmlearn.domain import gates as shutting
        from pytest_llmlearn.errors import LlmlearnError

        accepted: frozenset[str] = frozenset()
        try:
            accepted = frozenset(BaselineFile(self._root.path, self._settings.scan_baseline).patterns())
        except (LlmlearnError, OSError) as error:  # without it nothing is accepted, and that is said
            self.notices.insert(0, str(error))
        found = shutting.shut([*self._annotations, *scanned], gates, accepted)
        if found:
            fails = exit_status == pytest.ExitCode.OK
            sentence = shutting.sentence(found, failing=fails)
            self.notices.insert(0, sentence)
            if fails:
                self.verdict = sentence
                session.exitstatus = pytest.ExitCode.TESTS_FAILED


def said(error: Exception) -> str:
    """An error as the end of a sentence."""
    from pytest_llmlearn.errors import LlmlearnError

    return str(error) if isinstance(error, LlmlearnError | OSError) else f"{type(error).__name__}: {error}"
