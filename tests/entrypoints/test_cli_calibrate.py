"""`llmlearn model calibrate`, and where its result is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pytest_llmlearn.adapters.embedders.calibrations import keep, kept
from pytest_llmlearn.domain.similarity import SHIPPED, Calibration
from pytest_llmlearn.entrypoints.cli import main
from pytest_llmlearn.errors import EmbedderUnavailable


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A user's data folder, empty."""
    environ = {"XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path), "LLMLEARN_EMBEDDER": "hashing"}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.chdir(tmp_path)
    return environ


def test_what_was_found_is_told_and_kept(home: dict[str, str]) -> None:
    """Under the embedder's name, where recall looks it up."""
    pytest.importorskip("numpy")
    done = CliRunner().invoke(main, ["model", "calibrate"])
    assert done.exit_code == 0, done.output
    ((name, curve),) = kept(home).items()
    assert name in SHIPPED
    assert curve.slope == pytest.approx(SHIPPED[name].slope, abs=0.02)
    assert f"a cosine of {curve.cosine(0.7):.3f} is a similarity of 0.70" in done.output


def test_programs_get_all_figures(home: dict[str, str]) -> None:
    """Those of both halves."""
    pytest.importorskip("numpy")
    done = CliRunner().invoke(main, ["model", "calibrate", "--format", "json"])
    told = json.loads(done.output)
    assert told["held_out"]["auc"] > 0.8
    assert Path(told["kept"]).is_file()


def test_there_is_nothing_to_calibrate_without_an_embedder(
    home: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence."""
    monkeypatch.setenv("LLMLEARN_EMBEDDER", "none")
    done = CliRunner().invoke(main, ["model", "calibrate"])
    assert done.exit_code != 0
    assert "nothing to calibrate" in done.output
    assert kept(home) == {}


def test_calibrations_stand_beside_one_another(home: dict[str, str]) -> None:
    """Making one anew leaves the others."""
    first, second = Calibration(slope=9.0, middle=0.6), Calibration(slope=20.0, middle=0.8)
    keep(home, "one", first)
    keep(home, "other", second)
    path = keep(home, "one", second)
    assert kept(home) == {"one": second, "other": second}
    assert [found.name for found in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"one": 3}', '{"one": [0, 1]}', '{"one": ["a", 1]}', '{"one": [1]}'])
def test_what_is_damaged_counts_as_not_there(home: dict[str, str], text: str) -> None:
    """And does not stand in the way of a new one."""
    path = keep(home, "one", Calibration(slope=9.0, middle=0.6))
    path.write_text(text, encoding="utf-8")
    assert kept(home) == {}
    keep(home, "one", Calibration(slope=8.0, middle=0.6))
    assert kept(home) == {"one": Calibration(slope=8.0, middle=0.6)}


def test_a_folder_that_cannot_be_written_is_told(home: dict[str, str]) -> None:
    """What was measured is not kept, and the user knows."""
    Path(home["XDG_DATA_HOME"]).write_text("a file", encoding="utf-8")
    with pytest.raises(EmbedderUnavailable, match="cannot be kept"):
        keep(home, "one", Calibration(slope=9.0, middle=0.6))
