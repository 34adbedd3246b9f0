"""What is learned to be known by sight, and how it proves itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn import Memory
from pytest_llmlearn.adapters.last_run.passed import PassedFile
from pytest_llmlearn.app.derive import Deriving
from pytest_llmlearn.app.memory_matchers import Standing
from pytest_llmlearn.app.trying import Trying
from pytest_llmlearn.bootstrap import watching
from pytest_llmlearn.domain.deriving import failure
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.matcher import Trials
from pytest_llmlearn.domain.redaction import redact
from pytest_llmlearn.domain.syntax import nodes as syntax_nodes
from pytest_llmlearn.settings import Settings
from tests.builders import a_run, an_entry, an_occurrence
from tests.fake_matchers import FakeMatchers
from tests.fakes import FakeStore

CODE = "import cv2\n\n\ndef grey(image, n):\n    out = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)\n    return out / n\n"
GREEN = "import cv2\n\n\ndef other(image):\n    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)\n"


@pytest.fixture
def matchers() -> FakeMatchers:
    """Matchers beside a store that knows the pattern `1:a`."""
    store = FakeStore()
    store.record(a_run(), [an_entry("1:a")])
    return FakeMatchers(store)


@pytest.fixture
def deriving(matchers: FakeMatchers) -> Deriving:
    trying = Trying(lambda these: watching.watch(lambda: these, None))
    return Deriving(matchers, shapes=trying, trying=trying, redact=redact)


def failed(**changes: Any) -> Any:
    """A recorded failure of the call into the library, with the code."""
    text = changes.pop("text", CODE)
    values = {"exception": "cv2.error", "message": "bad channels", "line": 5, "path": "grey.py", "symbols": ()}
    return an_entry("1:a", rule_id="runtime.library-error", **{**values, **changes}), text


def trials(matchers: FakeMatchers, pattern: str = "cv2.cvtColor(image, ...)") -> Trials:
    return next(
        one.trials for one in matchers.every() if one.body.get("pattern") == pattern and "inside" not in one.body
    )


def test_a_failure_gives_matchers_once(deriving: Deriving, matchers: FakeMatchers) -> None:
    """And the code that they are made of confirms nothing, however often it fails."""
    assert deriving.failed([failed()])
    assert not deriving.failed([failed(), failed()])
    assert trials(matchers) == Trials()


def test_each_text_is_read_once(deriving: Deriving, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many of its lines failed, and in whatever order the tests met them: large files fail in many places."""
    read: list[str] = []
    monkeypatch.setattr(failure.syntax, "nodes", lambda text, first=1: read.append(text) or syntax_nodes(text, first))
    line = "    out = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)\n"
    texts = [f"import cv2\nx = {number}\ndef grey(image):\n{line * 20}" for number in range(2)]
    deriving.failed([failed(text=text, line=at) for at in range(4, 24) for text in texts])
    assert sorted(text for text in read if text in texts) == texts


def test_other_code_that_fails_so_confirms(deriving: Deriving, matchers: FakeMatchers) -> None:
    """Once for each; on another line it says nothing."""
    deriving.failed([failed()])
    moved = CODE.replace("    out", "    print(n)\n    print(image)\n    out")
    deriving.failed([failed(text=moved, line=7, unit_hash="h2"), failed(text=moved, line=7, unit_hash="h2")])
    assert trials(matchers) == Trials(right=1)
    deriving.failed([failed(text=moved + "\n\n\nx = 1 / 0\n", line=12, exception="ZeroDivisionError", unit_hash="h3")])
    assert trials(matchers) == Trials(right=1)


def test_code_that_passes_says_what_was_wrong(deriving: Deriving, matchers: FakeMatchers) -> None:
    """And where the function passes without it, that it was silent."""
    deriving.failed([failed()])
    deriving.passed([("green.py", GREEN), ("green.py", GREEN)])
    assert trials(matchers) == Trials(wrong=1)
    deriving.passed([("grey.py", "def grey(image, n):\n    return image.mean(2)\n")])
    here = next(one for one in matchers.every() if one.body.get("inside") == "grey")
    assert here.trials == Trials(silent=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"flaky": True},
        {"scope": "test"},
        {"scope": "environment"},
        {"source": "security_scan"},
        {"text": ""},
        {"text": "x = 1\n" * 100_000},
    ],
    ids=["flaky", "the test's", "the environment's", "a scan's", "no text", "a huge text"],
)
def test_what_teaches_nothing_gives_no_matcher(deriving: Deriving, changes: dict[str, Any]) -> None:
    """It is no mistake of the code, or nobody can look at it."""
    assert not deriving.failed([failed(**changes)])


def test_what_a_fix_left_standing_was_not_the_mistake(deriving: Deriving, matchers: FakeMatchers) -> None:
    """It would be told of the very code that was verified."""
    text = "async def tries(store):\n    job = store.load()\n    return job.tries\n"
    message = "'coroutine' object has no attribute 'tries'"
    deriving.failed([failed(exception="AttributeError", message=message, line=3, text=text)])
    seen = [one for one in matchers.every() if "job.tries" in str(one.body.get("pattern"))]
    assert seen and not any(one.trials.wrong for one in seen)
    fix = Fix(
        fingerprint="1:a", digest="b2:1", bad="job = store.load()\nreturn job.tries", verified=1,
        good="job = await store.load()\nreturn job.tries", signature="async def tries(store):",
    )  # fmt: skip
    deriving.mined([(fix, "async.never-awaited")])
    seen = [one for one in matchers.every() if "job.tries" in str(one.body.get("pattern"))]
    assert {one.trials.wrong for one in seen} == {1}


@pytest.mark.parametrize("exception", ["AssertionError", "NameError", "SyntaxError"])
def test_some_failures_have_no_shape(deriving: Deriving, exception: str) -> None:
    """What the test expected, what linters know."""
    assert not any(one.kind == "shape" for one in deriving.failed([failed(exception=exception)]))


def test_nothing_that_redaction_would_touch_is_kept(deriving: Deriving) -> None:
    """Not even where it stands in no literal."""
    text = CODE.replace("cv2.COLOR_BGR2GRAY", "'ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'")
    made = deriving.failed([failed(text=text)])
    assert made and not any("ghp_" in str(one.body) for one in made)


class TestMemory:
    """The whole of it, in a project."""

    @pytest.fixture
    def memory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
        monkeypatch.setenv("LLMLEARN_EMBEDDER", "none")
        with Memory.open(tmp_path, settings=Settings()) as memory:
            yield memory

    @pytest.fixture
    def learned(self, memory: Memory) -> Memory:
        memory.record([self.occurrence()])
        return memory

    @staticmethod
    def occurrence(**changes: Any) -> Any:
        values = {
            "exception": "cv2.error",
            "mro": ("cv2.error", "Exception"),
            "message": "bad number of channels",
            "path": "grey.py",
            "line": 5,
            "function": "grey",
            "code": CODE,
            "source": "handed-in",
            "model": "m",
        }
        return an_occurrence(**{**values, **changes})

    @staticmethod
    def passed(root: Path, path: str, text: str) -> None:
        """Write a file, and remember that a run in which nothing failed has loaded it."""
        (root / path).write_text(text)
        PassedFile(root).saw([path], time.time() + 60)

    @staticmethod
    def anywhere(memory: Memory) -> Standing:
        return next(
            one
            for one in memory.matchers()
            if one.matcher.body == {"pattern": "cv2.cvtColor(image, ...)", "raises": "error"}
        )

    def test_what_failed_is_seen_in_other_code(self, learned: Memory) -> None:
        """Under whatever name the library is imported, by whoever asks for candidates."""
        text = "import cv2 as cv\n\n\ndef load(image):\n    return cv.cvtColor(image, 6)\n"
        assert [one.span.line for one in learned.look("x.py", text, candidates=True).sightings] == [5]
        assert not learned.look("x.py", text).sightings

    def test_passing_code_of_the_project_holds_it_back(self, learned: Memory, tmp_path: Path) -> None:
        """Until it is there no more; what did not change is not looked at again; tests are left alone."""
        self.passed(tmp_path, "other.py", GREEN)
        (tmp_path / "tests").mkdir()
        self.passed(tmp_path, "tests/test_grey.py", GREEN)
        proved = learned.prove_matchers()
        assert (proved.files, proved.anew) == (1, 1)
        assert self.anywhere(learned).held == "fires on passing code"
        assert learned.prove_matchers().anew == 0
        self.passed(tmp_path, "other.py", "x = 1\n")
        assert learned.prove_matchers().anew == 1
        assert self.anywhere(learned).held is None

    def test_new_matchers_alone_are_tried_on_what_is_known(self, learned: Memory, tmp_path: Path) -> None:
        """And it is known when anything is to be tried; what was found of the others stands."""
        self.passed(tmp_path, "other.py", GREEN)
        assert learned.proof_due
        learned.prove_matchers()
        assert not learned.proof_due
        other = CODE.replace("cvtColor", "imread").replace("grey", "read")
        learned.record([self.occurrence(path="read.py", function="read", code=other)])
        assert learned.proof_due
        assert learned.prove_matchers().anew == 1
        assert self.anywhere(learned).held == "fires on passing code"
        assert not learned.proof_due and learned.prove_matchers().anew == 0
        self.passed(tmp_path, "more.py", "x = 1\n")
        assert learned.proof_due

    def test_upkeep_looks_at_the_passing_code_too(self, learned: Memory, tmp_path: Path) -> None:
        """Where no editor does."""
        self.passed(tmp_path, "other.py", GREEN)
        assert {task.name: task.count for task in learned.maintain().done}["matchers"] == 1
        assert self.anywhere(learned).held == "fires on passing code"

    def test_passing_code_without_it_in_its_function_makes_it_surer(self, learned: Memory, tmp_path: Path) -> None:
        """Once for the same code of the function, whatever stands around it; what may stand anywhere is no surer."""

        def silent() -> dict[bool, set[int]]:
            found: dict[bool, set[int]] = {True: set(), False: set()}
            for one in learned.matchers():
                found["inside" in one.matcher.body].add(one.matcher.trials.silent)
            return found

        mended = "def grey(image, code):\n    return image.mean(axis=code)\n"
        self.passed(tmp_path, "other.py", mended)
        learned.prove_matchers()
        self.passed(tmp_path, "other.py", f"import os\n\n\n{mended}\n\nhere = os.curdir\n")
        learned.prove_matchers()
        assert silent() == {True: {1}, False: {0}}
        self.passed(tmp_path, "other.py", mended.replace("axis=code", "axis=0"))
        learned.prove_matchers()
        assert silent() == {True: {2}, False: {0}}

    def test_a_copy_of_the_code_that_failed_is_no_other_witness(self, learned: Memory) -> None:
        """In another file either."""
        before = {one.matcher.key: one.matcher.trials for one in learned.matchers()}
        learned.record([self.occurrence(path="copy.py")])
        assert {one.matcher.key: one.matcher.trials for one in learned.matchers()} == before

    def test_stopping_decides_nothing(self, learned: Memory, tmp_path: Path) -> None:
        """Half a look at the project is none."""
        self.passed(tmp_path, "other.py", GREEN)
        assert not learned.prove_matchers(lambda: True).complete
        assert self.anywhere(learned).held is None

    def test_of_one_pattern_its_own_are_listed(self, learned: Memory) -> None:
        """Those that are used come first."""
        fingerprint = self.anywhere(learned).matcher.fingerprint
        found = learned.matchers(fingerprint[:12])
        assert {one.matcher.fingerprint for one in found} == {fingerprint}
        held = [one.held is not None for one in found]
        assert held == sorted(held) and any(held)

    def test_with_diagnose_off_nothing_is_derived(self, tmp_path: Path) -> None:
        """Failures are recorded all the same."""
        with Memory.open(tmp_path, settings=Settings(diagnose="off")) as memory:
            memory.record([self.occurrence()])
            assert memory.patterns() and not memory.matchers()

    def test_a_fault_loses_no_failure(
        self, memory: Memory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is logged."""

        def broken(*_: object, **__: object) -> None:
            raise RuntimeError("no")

        monkeypatch.setattr(Deriving, "failed", broken)
        memory.record([self.occurrence()])
        assert memory.patterns() and "could be derived" in caplog.text


def test_files_that_are_red_are_no_witness(tmp_path: Path, red: Callable[[Path], Memory]) -> None:
    """What fires in the code that fails now is right."""
    with red(tmp_path) as memory:
        proved = memory.prove_matchers()
        assert proved.matchers and proved.files == 0


@pytest.fixture
def red() -> Callable[[Path], Memory]:
    """A project in which a test of `grey.py` is red."""

    def made(root: Path) -> Memory:
        (root / "grey.py").write_text(CODE)
        (root / "tests").mkdir()
        (root / "tests" / "test_grey.py").write_text("from grey import grey\n\n\ndef test_grey():\n    grey(None, 1)\n")
        memory = Memory.open(root, settings=Settings(scope="all"))
        changes = {"code": None, "source": "test", "nodeid": "tests/test_grey.py::test_grey"}
        memory.record_run(a_run(), [TestMemory.occurrence(**changes)])
        PassedFile(root).saw(["grey.py"], time.time() + 60)
        return memory

    return made
