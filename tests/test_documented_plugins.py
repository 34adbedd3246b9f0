"""The plug-ins that the documentation shows, as they stand there, in a project whose tests fail."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_llmlearn.bootstrap.plugins import detectors
from tests.projects import Project

PAGE = Path(__file__).parents[1] / "docs" / "plugins.md"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with both plug-ins in its conftest.py; nothing but the manifest says who wrote `pay.py`."""
    plugins = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    project = Project(tmp_path)
    return project.write(
        {
            "pyproject.toml": "[tool.llmlearn]\nenabled = true\n",
            "conftest.py": "\n\n".join(plugins),
            "generated.json": '{"pay.py": "acme-1"}\n',
            "pay.py": "def send():\n    raise RuntimeError('the gateway is closed')\n",
            "test_pay.py": "import pay\n\n\ndef test_send():\n    pay.send()\n",
        }
    ).commit("by hand")


def test_the_documented_plugins_do_what_is_said(project: Project) -> None:
    """The reader says whose the file is, and the detector what the mistake is."""
    done = project.run("pytest", "-q")
    assert done.returncode == 1
    (found,) = project.json("occurrences")
    assert (found["model"], found["rule_id"], found["path"]) == ("acme-1", "runtime.old-gateway", "pay.py")
    assert found["confidence"] == 0.9


def test_what_the_reader_knows_changes_with_its_manifest(project: Project) -> None:
    """Answers are remembered by what it says that they stand on."""
    project.run("pytest", "-q")
    project.write({"generated.json": '{"pay.py": "acme-2"}\n'})
    project.run("pytest", "-q")
    assert [entry["model"] for entry in project.json("occurrences")] == ["acme-1", "acme-2"]


@dataclass
class Unhashable:
    """A plug-in with fields, as instances of it are equal where these are."""

    fails: bool = False

    def llmlearn_register_detectors(self, register: Callable[[object], None]) -> None:
        if self.fails:
            raise ValueError("no gateway")
        register(self)


def test_a_plugin_may_be_of_any_class_and_one_that_raises_costs_itself_alone() -> None:
    """Each is asked once, in the order given, whatever became of the one before it."""
    first, last = Unhashable(), Unhashable()
    found: Sequence[object] = detectors([first, Unhashable(fails=True), last, first])
    assert [one for one in found if one is first or one is last] == [first, last]
    assert len(found) == len(detectors()) + 2
