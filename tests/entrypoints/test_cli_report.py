"""`llmlearn report`, over a memory in which much happened, and in a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pytest_llmlearn.entrypoints.cli import main
from tests.projects import FOREIGN, clean_environment
from tests.reported import filled

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
WIDTHS = (1200, 360)
"""Of a desk, and of a phone."""
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--enable-logging=stderr",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--disable-dev-shm-usage",
)  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which twelve mistakes were made in ten weeks, until now."""
    root = tmp_path_factory.mktemp("shop") / "shop"
    root.mkdir()
    (root / "pyproject.toml").write_text("[tool.llmlearn]\n", encoding="utf-8")
    filled(root, datetime.now(UTC)).close()
    return root


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing outside speaks of another project."""
    for name in [name for name in os.environ if name.startswith(FOREIGN) and not name.startswith("PYTEST_")]:
        monkeypatch.delenv(name)


def report(root: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--root", str(root), "report", *words], catch_exceptions=False)


def told(root: Path, *words: str) -> str:
    done = report(root, *words)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_period_is_told(shop: Path) -> None:
    """The mistakes of twelve weeks: what was seen in two states of the code recurs, the rest is new."""
    text = told(shop, "--since", "12w")
    assert "12 mistakes in 10 runs: 8 recurring and 4 new. 3 mistakes were repaired." in text
    first = next(line for line in text.split("\n") if line.startswith("| 10×"))
    assert "async.never-awaited<br>async, critical<br>app/payments/client.py" in first
    assert "seen 10 times" in first and "Await the call" in first
    assert "avoided 9 of 11 times (82 %, 52 % to 95 %)" in text
    assert "rates = await fetch_rates(order.currency)" in text


def test_the_last_month_is_told_unless_asked_otherwise(shop: Path) -> None:
    """Thirty days: the latest five of the weekly runs."""
    assert told(shop) == told(shop, "--since", "30d")
    assert " in 5 runs: " in told(shop)


@pytest.mark.parametrize(
    ("named", "counted"),
    [
        (("--run", "run-09"), "3 mistakes: 2 recurring and 1 new."),
        (("--run", "last"), "3 mistakes: 2 recurring and 1 new."),
        (("--last", "1"), "the latest run, "),
        (("--last", "2"), "the latest 2 runs, "),
    ],
)
def test_runs_are_told(shop: Path, named: tuple[str, str], counted: str) -> None:
    """One by its id, or as the last one; or the latest."""
    text = told(shop, *named)
    assert counted in text
    assert "async.never-awaited" in text
    assert ("## By week" in text) is (named == ("--last", "2"))


def test_a_run_tells_what_recurred_as_it_began(shop: Path) -> None:
    """In the first run all was new, though most of it came back."""
    assert "9 mistakes: 9 new." in told(shop, "--run", "run-00")


def test_what_is_known_of_a_mistake_is_of_all_time(shop: Path) -> None:
    """In the run one model made it; it was seen ten times, by three."""
    text = told(shop, "--run", "run-09")
    assert re.search(r"seen 10 times since [\d-]+, by model-a-4.5, model-b-mini, model-c-pro", text)


def test_lists_can_be_short(shop: Path) -> None:
    """And say what they leave out."""
    assert "… and 7 mistakes more." in told(shop, "--since", "12w", "--top", "1")


def test_a_page_is_written(shop: Path, tmp_path: Path) -> None:
    """The name of the file says what it is; `--format` wins over it."""
    assert told(shop, "--output", str(tmp_path / "made" / "report.html")) == ""
    assert (tmp_path / "made" / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    told(shop, "--format", "markdown", "--output", str(tmp_path / "report.html"))
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("# Mistakes in shop")


def test_an_empty_memory_is_one_sentence(tmp_path: Path) -> None:
    """Whatever is asked of it, and nothing is made."""
    assert told(tmp_path).startswith("No mistakes were seen, repaired or avoided from ")
    assert told(tmp_path, "--run", "last") == told(tmp_path, "--last", "3") == "No run has recorded any mistake yet.\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--since", "tomorrow"), 2, "'tomorrow' is neither a day such as 2026-03-01 nor a time ago such as 30d"),
        (("--since", "0001-01-01T00:00:00+14:00"), 2, "is neither a day"),
        (("--last", "2", "--run", "last"), 2, "one of --run, --since and --last"),
        (("--run", "nobody's"), 1, "nobody's"),
        (("--output", "."), 1, "llmlearn: "),
    ],
)
def test_mistakes_of_the_asker_are_said(shop: Path, words: tuple[str, ...], status: int, said: str) -> None:
    """In one sentence, with the usual exit status."""
    done = report(shop, *words)
    assert done.exit_code == status
    assert said in done.output


def test_days_may_be_named_in_any_way(shop: Path) -> None:
    """A day, a time with its zone, and so many days ago that there was no calendar."""
    for when in ("2020-01-01", "2020-01-01T00:00:00+02:00", "999999d"):
        assert "12 mistakes in 10 runs" in told(shop, "--since", when)


def _opened(page: Path, folder: Path, *more: str) -> tuple[str, list[str]]:
    """What the browser's console said of the page, and what the page asked for beside itself."""
    assert CHROMIUM is not None
    log = folder / "net.json"
    done = subprocess.run(
        [CHROMIUM, *QUIET, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}", *more, page.as_uri()],
        capture_output=True, text=True, timeout=60, check=True, env=clean_environment(), stdin=subprocess.DEVNULL,
    )  # fmt: skip
    events = [event.get("params") for event in json.loads(log.read_text(encoding="utf-8"))["events"]]
    started = [one for one in events if isinstance(one, dict) and "url" in one and "initiator" in one]
    # What the browser asks for on its own account was asked for by no page.
    asked = {one["url"] for one in started if one["initiator"] != "not an origin"}
    return "\n".join(line for line in done.stderr.split("\n") if "CONSOLE" in line), sorted(asked)


def _lines(picture: bytes) -> tuple[int, int, int]:
    """Width and height of a PNG, and how many of its lines differ: https://www.w3.org/TR/png-3/"""
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    packed, place = b"", 8
    while place < len(picture):
        size, kind = struct.unpack(">I4s", picture[place : place + 8])
        if kind == b"IDAT":
            packed += picture[place + 8 : place + 8 + size]
        place += 12 + size
    width, height = struct.unpack(">II", picture[16:24])
    raw = zlib.decompress(packed)
    length = len(raw) // height
    return width, height, len({raw[at : at + length] for at in range(0, len(raw), length)})


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium")
def test_a_browser_shows_the_page(shop: Path, tmp_path: Path) -> None:
    """As wide as a desk and a phone, asking for nothing and complaining of nothing.

    The picture stays among the test's files, to be looked at.
    """
    told(shop, "--since", "12w", "--output", str(tmp_path / "report.html"))
    beside = [f'<iframe src="report.html" style="border:0;width:{width}px;height:2400px"></iframe>' for width in WIDTHS]
    page = tmp_path / "desk and phone.html"
    page.write_text(f'<body style="margin:0;display:flex">{"".join(beside)}', encoding="utf-8")
    picture = tmp_path / "report.png"
    said, asked = _opened(page, tmp_path, f"--window-size={sum(WIDTHS)},2400", f"--screenshot={picture}")
    assert (said, asked) == ("", [])
    width, height, different = _lines(picture.read_bytes())
    assert (width, height) == (sum(WIDTHS), 2400)
    assert different > 300


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium")
def test_a_browser_would_tell(tmp_path: Path) -> None:
    """A page that asks for something and complains is seen to, and an empty one is blank."""
    page = tmp_path / "other.html"
    page.write_text('<img src="http://x.invalid/a.png"><script>console.error("no")</script>', encoding="utf-8")
    picture = tmp_path / "other.png"
    said, asked = _opened(page, tmp_path, "--window-size=800,800", f"--screenshot={picture}")
    assert '"no"' in said
    assert asked == ["http://x.invalid/a.png"]
    assert _lines(picture.read_bytes())[2] < 100
