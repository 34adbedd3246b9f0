"""`llmlearn model`: bring the weights, and say whether vectors can be made here."""

from __future__ import annotations

import hashlib
import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pytest_llmlearn.adapters.embedders import fetching, weights
from pytest_llmlearn.adapters.embedders.weights import Part
from pytest_llmlearn.entrypoints.cli import main
from tests.projects import clean_environment

CONTENT = {"tokenizer.json": b"{}", "model.safetensors": b"\x08" * 3_000_000}
needs_vectors = pytest.mark.skipif(
    not all(find_spec(name) for name in ("numpy", "onnxruntime", "tokenizers")),
    reason="vectors are not installed: pip install 'pytest-llmlearn[vectors]'",
)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without weights in a project of their own; the model is of three megabytes here."""
    for name in os.environ.keys() - clean_environment().keys():
        monkeypatch.delenv(name)
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home" / "data"))
    (tmp_path / "project" / ".llmlearn").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project")
    parts = tuple(
        Part(name=name, size=len(content), sha256=hashlib.sha256(content).hexdigest())
        for name, content in CONTENT.items()
    )
    monkeypatch.setattr(weights, "PARTS", parts)
    monkeypatch.setattr(fetching, "PARTS", parts)
    monkeypatch.setattr(weights, "PACKAGE", "no_such_package")


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """A folder with the model."""
    folder = tmp_path / "given"
    folder.mkdir()
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)
    return folder


def llmlearn(*words: str) -> Result:
    return CliRunner().invoke(main, ["model", *words])


def status() -> tuple[int, dict[str, Any]]:
    done = llmlearn("status", "--format", "json")
    return done.exit_code, json.loads(done.stdout)


def test_fetch_says_size_and_place_and_is_quick_the_second_time(given: Path, tmp_path: Path) -> None:
    """Into the user's data folder; nothing is brought twice."""
    folder = tmp_path / "home" / "data" / "pytest-llmlearn" / "models" / "all-MiniLM-L6-v2"
    done = llmlearn("fetch", "--from", str(given))
    assert (done.exit_code, done.output) == (0, f"brought all-MiniLM-L6-v2 (3 MB) from {given} to {folder}\n")
    done = llmlearn("fetch")
    assert (done.exit_code, done.output) == (0, f"all-MiniLM-L6-v2 (3 MB) is in {folder} already\n")
    assert llmlearn("path").stdout == f"{folder}\n"


def test_the_setting_names_the_folder(given: Path, tmp_path: Path) -> None:
    """Fetched to, and found there."""
    named = tmp_path / "named"
    Path("pyproject.toml").write_text(f'[tool.llmlearn]\nembedder_folder = "{named}"\n', encoding="utf-8")
    assert llmlearn("fetch", "--from", str(given)).exit_code == 0
    assert sorted(path.name for path in named.iterdir()) == sorted(CONTENT)
    assert llmlearn("path").stdout == f"{named}\n"


def test_two_sources_are_wrong_usage(given: Path) -> None:
    """As is one that does not exist."""
    assert llmlearn("fetch", "--from", str(given), "--hub").exit_code == 2
    assert llmlearn("fetch", "--from", str(given / "nowhere")).exit_code == 2


def test_a_source_without_the_model_is_one_sentence(tmp_path: Path) -> None:
    """On standard error, with exit status 1."""
    done = llmlearn("fetch", "--from", str(tmp_path))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"llmlearn: {tmp_path} has no tokenizer.json and model.safetensors")
    assert len(done.stderr.splitlines()) == 1


def test_a_terminal_sees_the_progress(given: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line for each file, written over, that ends with the whole of it; scripts see none."""
    from pytest_llmlearn.entrypoints.cli import model

    quiet = llmlearn("fetch", "--from", str(given))
    assert quiet.stderr == ""
    shown: list[str] = []
    monkeypatch.setattr(model.click, "echo", lambda text, nl=True, err=False: shown.append(text + "\n" * nl))
    tell = model._progress()
    tell("tokenizer.json", 2, 2)
    for there in range(100_000, 3_000_001, 100_000):
        tell("model.safetensors", there, 3_000_000)
    assert shown[0] == "\rtokenizer.json: 0.0 of 0.0 MB\n"
    assert shown[-1] == "\rmodel.safetensors: 3.0 of 3.0 MB\n"
    assert len(shown) < 10


@needs_vectors
def test_status_without_weights_says_where_they_were_looked_for(tmp_path: Path) -> None:
    """And the command that brings them; exit status 1, for meaning is missing."""
    code, values = status()
    assert code == 1
    assert "`llmlearn model fetch` brings them" in values["problem"]
    assert (values["setting"], values["name"], values["weights"]) == ("minilm", None, None)
    assert [place["kind"] for place in values["places"]] == ["the user's data folder"]
    told = llmlearn("status").stdout
    assert "cannot be used: the weights of all-MiniLM-L6-v2 are nowhere on this machine" in told
    assert f"  {tmp_path / 'home' / 'data' / 'pytest-llmlearn'}" in told


@needs_vectors
def test_status_with_weights_verifies_them(given: Path) -> None:
    """Found is not enough: they are those that were published."""
    llmlearn("fetch", "--from", str(given))
    code, values = status()
    assert (code, values["problem"]) == (0, None)
    assert values["name"].startswith("minilm:")
    assert values["weights"]["verified"] is True
    assert "the user's data folder, verified" in llmlearn("status").stdout
    tensors = Path(values["weights"]["folder"]) / "model.safetensors"
    tensors.write_bytes(CONTENT["model.safetensors"][::-1].replace(b"\x08", b"\x09", 1))
    code, values = status()
    assert (code, values["weights"]) == (1, None)
    assert "its SHA-256 is another" in values["problem"]


@pytest.mark.parametrize(
    ("setting", "code", "line"),
    [
        ("none", 0, "lessons are found by text and symbols alone, as the setting says"),
        pytest.param("hashing", 0, "vectors are kept under the name hashing:", marks=needs_vectors),
        pytest.param("openai:https://api.example.org/v1#m", 0, "the name openai:https://api.example.org/v1#m",
                     marks=needs_vectors),
        pytest.param("openai:https://api.example.org/v1#m", 0, "the endpoint was not asked", marks=needs_vectors),
        pytest.param("openai:nowhere#m", 1, "cannot be used: the embedder openai:", marks=needs_vectors),
        pytest.param("openai:ftp://nowhere#m", 1, "begins with ftp://, which is neither", marks=needs_vectors),
    ],
)  # fmt: skip
def test_status_speaks_of_the_embedder_that_is_set(
    setting: str, code: int, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is; no endpoint is asked."""
    monkeypatch.setenv("LLMLEARN_EMBEDDER", setting)
    done = llmlearn("status")
    assert done.exit_code == code
    assert f"embedder: {setting}" in done.stdout
    assert line in done.stdout


@pytest.mark.parametrize("value", ["mini", "openai:", "sentence-transformers", ""])
def test_a_setting_that_names_no_embedder_is_one_sentence(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With those that there are."""
    monkeypatch.setenv("LLMLEARN_EMBEDDER", value)
    done = llmlearn("status")
    assert done.exit_code == 1
    assert "LLMLEARN_EMBEDDER must be `minilm`, `hashing`, `none`" in done.stderr


def test_the_key_of_an_endpoint_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has our prefix, and is neither unknown nor printed."""
    monkeypatch.setenv("LLMLEARN_EMBEDDER", "none")
    monkeypatch.setenv("LLMLEARN_OPENAI_API_KEY", "sk-test-0123456789")
    done = llmlearn("status", "--format", "json")
    assert done.exit_code == 0
    assert "sk-test" not in done.output
