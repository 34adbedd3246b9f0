"""What follows the last test: record what was collected, join it with the ledger, and say what was learned.

Runs in the controller alone, once, after the last test and on interruption. A fault of ours costs the learning and
one line; never the run. Where every test passed, nothing is opened unless something could have changed.
"""

from __future__ import annotations

import gc
import os
import platform
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from pytest_llmlearn.entrypoints.marking import Marking, said

if TYPE_CHECKING:
    from pytest_llmlearn.app.heal import Healed
    from pytest_llmlearn.app.outcomes import Watched
    from pytest_llmlearn.app.record import Recording
    from pytest_llmlearn.bootstrap import Memory
    from pytest_llmlearn.domain.entry import Run
    from pytest_llmlearn.entrypoints.collect import Collector
    from pytest_llmlearn.entrypoints.loaded import Loaded
    from pytest_llmlearn.entrypoints.scanning import Report, Underway
    from pytest_llmlearn.settings import Root, Settings


class Learner:
    """pytest plug-in of the controller: one transaction after the last test, one section at the end."""

    def __init__(
        self, config: pytest.Config, root: Root, settings: Settings, collector: Collector, loaded: Loaded
    ) -> None:
        self._config = config
        self._root = root
        self._settings = settings
        self._collector = collector
        self._loaded = loaded
        self._started = datetime.now(UTC)
        self._recording: Recording | None = None
        self._healed: Healed | None = None
        self._watched: Watched | None = None
        self._notices: list[str] = []
        self._silent_repository = False
        self._scan: Underway | None = None
        self._scanned: Report | None = None
        self._marking = Marking(root, settings, os.environ)

    def header(self) -> str:
        """The line in pytest's header: where the memory lies."""
        here = self._config.invocation_params.dir
        try:
            folder = os.path.relpath(self._root.path, here)
        except ValueError:  # on Windows, another drive
            folder = str(self._root.path)
        return f"llmlearn: learning in {'this folder' if folder == '.' else folder}, scope {self._settings.scope}"

    def pytest_sessionstart(self) -> None:
        """Begin scanning: what changed is found out beside the tests too."""
        if self._settings.scan == "off" or self._config.getoption("collectonly", False):
            return
        from pytest_llmlearn.adapters.semgrep import program
        from pytest_llmlearn.entrypoints import scanning

        try:
            # Without Semgrep little can be found: who did not ask for a scan in so many words does not pay for that.
            if self._settings.scan == "on" or program.find(os.environ, self._settings.scan_program) is not None:
                # The scan writes into the same files, wherever the command line has them.
                events = {"LLMLEARN_EVENTS": self._settings.events} if self._settings.events else {}
                self._scan = scanning.begin(
                    self._root.path,
                    self._settings.scope,
                    {**os.environ, **events},
                    annotate=self._marking.wanted,
                )
        except Exception as error:  # as below; `llmlearn scan` does the same by hand
            self._notices.append(f"the code was not scanned: {said(error)}")

    def pytest_unconfigure(self) -> None:
        if self._scan is not None:  # the session ended before it could be heard
            self._scan.leave()
        if not self._config.pluginmanager.has_plugin("terminalreporter"):
            self._say_verdict(partial(print, file=sys.stderr))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int | pytest.ExitCode) -> None:
        collecting = gc.isenabled()
        gc.disable()  # syntax trees are many small objects, and the whole session's are looked through again for each
        try:
            if self._is_to_be_told or self._could_tell(int(exitstatus)) or self._could_heal(int(exitstatus)):
                self._learn(int(exitstatus))
            self._keep_passed(int(exitstatus))
        except Exception as error:  # nothing of ours may change the outcome of the run it watches
            self._marking.fail()
            self._notices.append(f"nothing was learned from this run: {said(error)}")
            if os.environ.get("LLMLEARN_DEBUG"):
                traceback.print_exc()
        finally:
            self._hear(int(exitstatus))
            self._show(session, int(exitstatus))
            _forget()
            if collecting:
                gc.enable()

    def _hear(self, exit_status: int) -> None:
        """What the scan found, if it is ready in time; who broke the run off does not want to wait."""
        scan, self._scan = self._scan, None
        if scan is None:
            return
        # Whoever asked for a gate wants to know.
        patience = self._settings.scan_seconds if self._settings.fail_on else self._settings.scan_grace
        grace = patience if exit_status != pytest.ExitCode.INTERRUPTED else 0.0
        try:
            self._scanned = scan.heard(grace)
            if self._scanned is None:
                self._notices.append(
                    "the scan of the code goes on in the background; what it finds is kept for the next run"
                )
            else:
                self._notices += self._scanned.notices
        except Exception as error:  # as above
            self._notices.append(f"nothing was learned from the scan: {said(error)}")

    def _show(self, session: pytest.Session, exit_status: int) -> None:
        """What a CI is to see of the run, and whether it is to fail by it."""
        if self._config.getoption("collectonly", False):
            return
        scanned = self._scanned.annotations if self._scanned is not None else ()
        self._marking.publish(scanned)
        self._marking.close_gates(session, exit_status, scanned)
        self._notices = [*self._marking.notices, *self._notices]

    @property
    def _is_to_be_told(self) -> bool:
        """Whether there is something to record, or somebody else is to hear of whatever the tests said."""
        told = bool(self._settings.events) and not self._config.getoption("collectonly", False)
        return bool(self._collector.occurrences) or told

    def _learn(self, exit_status: int) -> None:
        from pytest_llmlearn.bootstrap import Memory, current_commit
        from pytest_llmlearn.domain.entry import Run
        from pytest_llmlearn.domain.sessions import session_id

        run = Run(
            run_id=uuid4().hex,
            started=self._started,
            finished=datetime.now(UTC),
            command="pytest",
            exit_status=exit_status,
            passed=self._collector.passed_count,
            failed=len(self._collector.occurrences),
            commit=current_commit(self._root.path),
            python=platform.python_version(),
            session=session_id(os.environ),
        )
        plugins = [plugin for plugin in self._config.pluginmanager.get_plugins() if speaks_our_hooks(plugin)]
        with Memory.open(self._root.path, settings=self._settings, plugins=plugins) as memory:
            try:
                if self._collector.occurrences:
                    self._record(memory, run)
                    self._keep_seen()
                    if self._recording is not None:
                        self._marking.take(memory, self._recording, run.run_id)
                if self._is_whole(exit_status):
                    if self._collector.occurrences or self._could_tell(exit_status):
                        self._join(memory, run)
                    self._heal(memory, run)
                    self._judge(memory, run)
                self._keep_in_order(memory)
            finally:
                self._notices += memory.notices

    def _keep_passed(self, exit_status: int) -> None:
        """Which files passed as they are: a matcher that fires in them has to prove itself anew."""
        if exit_status != pytest.ExitCode.OK or self._collector.occurrences or not self._is_whole(exit_status):
            return
        from pytest_llmlearn.adapters.last_run.passed import PassedFile

        try:
            PassedFile(self._root.path).saw(self._loaded.files, self._started.timestamp())
        except OSError as error:
            self._notices.append(f"what passed was not kept: {said(error)}")

    def _keep_seen(self) -> None:
        """Which interpreter ran the tests, and what their failures showed of library modules, of which their source may
        tell nothing."""
        from pytest_llmlearn.adapters.last_run.ran_by import RanByFile

        try:
            RanByFile(self._root.path).saw(sys.executable)
        except OSError as error:
            self._notices.append(f"what ran the tests was not kept: {said(error)}")
        told = self._collector.modules
        if not told:
            return
        from pytest_llmlearn.adapters.last_run.seen_modules import SeenModulesFile
        from pytest_llmlearn.adapters.surroundings.versions import versions_of

        try:
            versions = versions_of(self._root.path, sys.path, {one["module"].partition(".")[0] for one in told})
            known = [{**one, "version": versions.get(one["module"].partition(".")[0])} for one in told]
            SeenModulesFile(self._root.path).saw([one for one in known if one["version"] is not None])
        except Exception as error:  # as below; what was recorded of the failures stands
            self._notices.append(f"what was seen of libraries was not kept: {said(error)}")

    def _keep_in_order(self, memory: Memory) -> None:
        from pytest_llmlearn.entrypoints import background

        try:
            if self._settings.maintain and background.wanted(os.environ) and memory.maintenance_due:
                background.begin(self._root.path, os.environ)
        except Exception as error:  # as above; `llmlearn maintain` says the same by hand
            self._notices.append(f"the memory was not kept in order: {said(error)}")

    def _could_tell(self, exit_status: int) -> bool:
        """Whether a run in which nothing failed can tell the ledger anything: asked of one small file."""
        # By its own name, not by way of the composition root, which loads twenty times as much to answer no.
        from pytest_llmlearn.adapters.last_run.seen import SeenFile

        seen = SeenFile(self._root.path)
        return (
            seen.watched
            and self._is_whole(exit_status)
            and not seen.unchanged(self._loaded.files, lambda: self._passed)
        )

    def _could_heal(self, exit_status: int) -> bool:
        """Whether a run in which nothing failed can heal anything, or saw tests that are not known to be green."""
        from pytest_llmlearn.adapters.last_run.tested import TestedFile

        tested = TestedFile(self._root.path)
        return (
            tested.watched
            and self._is_whole(exit_status)
            and not tested.unchanged(self._collector.passed, self._collector.skipped)
        )

    def _is_whole(self, exit_status: int) -> bool:
        """Whether the run says something of the code: not where it was broken off, or nothing was to be run."""
        if self._config.getoption("collectonly", False):
            return False
        broken = any(occurrence.when == "collect" for occurrence in self._collector.occurrences)
        return exit_status in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or broken

    def _join(self, memory: Memory, run: Run) -> None:
        try:
            self._watched = memory.watched(
                run,
                passed=self._passed,
                occurrences=self._collector.occurrences,
                recording=self._recording,
                loaded=self._loaded.files,
            )
        except Exception as error:  # as above; what was recorded of the failures stands
            self._notices.append(f"this run was not joined with the generations: {said(error)}")
            if os.environ.get("LLMLEARN_DEBUG"):
                traceback.print_exc()

    def _judge(self, memory: Memory, run: Run) -> None:
        if self._watched is None:  # nothing could be told, or what could be is not known
            return
        try:
            memory.judge(
                run,
                passed=self._passed,
                occurrences=self._collector.occurrences,
                recording=self._recording,
                loaded=self._loaded.files,
                watched=self._watched,
            )
        except Exception as error:  # as above; what was shown waits for another run
            self._notices.append(f"this run was not joined with the lessons shown before: {said(error)}")
            if os.environ.get("LLMLEARN_DEBUG"):
                traceback.print_exc()

    def _heal(self, memory: Memory, run: Run) -> None:
        try:
            self._healed = memory.heal(
                run,
                passed=self._collector.passed,
                skipped=self._collector.skipped,
                occurrences=self._collector.occurrences,
            )
        except Exception as error:  # as above; what was recorded of the failures stands
            self._notices.append(f"no fixes were mined from this run: {said(error)}")
            if os.environ.get("LLMLEARN_DEBUG"):
                traceback.print_exc()

    @property
    def _passed(self) -> list[str]:
        """Ids of the tests that passed, their files seen from the project's root; pytest sees them from its own."""
        tests, root = self._config.rootpath, self._root.path
        if tests == root:
            return list(self._collector.passed)
        if tests.is_relative_to(root):
            above = tests.relative_to(root).as_posix()
            return [f"{above}/{nodeid}" for nodeid in self._collector.passed]
        below = f"{root.relative_to(tests).as_posix()}/" if root.is_relative_to(tests) else ""
        return [nodeid.removeprefix(below) for nodeid in self._collector.passed if below and nodeid.startswith(below)]

    def _record(self, memory: Memory, run: Run) -> None:
        self._recording = memory.record_run(run, self._collector.occurrences)
        if self._recording.entries:
            return
        if not self._config.rootpath.is_relative_to(self._root.path):
            self._notices.append(
                f"the tests lie outside the project's root {self._root.path} ({self._root.why}): nothing was recorded"
            )
        else:
            self._silent_repository = not memory.knows_generated_code

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        self._tell(terminalreporter)
        # Whoever wants no more than a headline still wants to know why a run fails whose tests pass.
        headline_alone = self._recording is not None and self._config.get_verbosity() <= -2
        if headline_alone or self._config.getoption("no_summary", False):
            self._say_verdict(terminalreporter.write_line)
        if self._marking.lines:
            terminalreporter.write_line("")  # whatever a test left on the line
        for line in self._marking.lines:  # each on a line of its own, uncoloured: else the CI does not see them
            terminalreporter.write_line(line)

    def _say_verdict(self, write: Callable[[str], object]) -> None:
        if self._marking.verdict:
            write(f"llmlearn: {self._marking.verdict}")

    def _tell(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._config.getoption("no_summary", False):
            return
        healed = self._healed is not None and self._healed.fixes
        scan = self._scanned is not None and (self._scanned.headline or self._scanned.fixes)
        if self._recording is None and not healed and not scan and not self._notices and not self._collector.notices:
            return
        try:
            self._print(terminalreporter)
        except Exception as error:  # as above: a section that cannot be worded costs itself
            terminalreporter.write_line(f"llmlearn: the summary failed ({type(error).__name__}); see llmlearn patterns")

    def _print(self, terminalreporter: pytest.TerminalReporter) -> None:
        from pytest_llmlearn.entrypoints import summary

        lines = summary.lines(
            self._recording,
            [*self._collector.notices, *self._notices],
            silent_repository=self._silent_repository,
            verbosity=self._config.get_verbosity(),
            healed=self._healed,
        )
        if self._scanned is not None:
            told = summary.ScanLines(
                headline=self._scanned.headline,
                lessons=tuple(summary.Line(text=text, markup=markup) for text, markup in self._scanned.lessons),
                fixes=tuple(summary.Line(text=text, markup=markup) for text, markup in self._scanned.fixes),
            )
            lines = summary.with_scan(lines, told, verbosity=self._config.get_verbosity())
        if not lines:
            return
        if self._config.get_verbosity() >= 0:
            terminalreporter.write_sep("=", "llmlearn", bold=True)
        for line in lines:
            terminalreporter.write_line(line.text, **line.markup)


def _forget() -> None:
    """Empty our caches: no question follows, and pytest and Python look through all that is left, several times."""
    for name, module in list(sys.modules.items()):
        if name.startswith("pytest_llmlearn."):
            for value in list(vars(module).values()):
                clear = getattr(value, "cache_clear", None)
                if clear is not None:
                    clear()


def speaks_our_hooks(plugin: object) -> bool:
    """Whether a plug-in of pytest's is one of ours as well."""
    # By name in its dictionary: asking a plug-in object for attributes could run code of its own.
    return any(name.startswith("llmlearn_") for name in getattr(plugin, "__dict__", {}))
