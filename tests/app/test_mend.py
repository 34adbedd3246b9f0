"""A fix that was mined, seen again in other code, and applied to it: by the memory itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.bootstrap import Memory
from pytest_llmlearn.domain.fix import Fix, Healing
from pytest_llmlearn.domain.mending import applied
from pytest_llmlearn.settings import Settings
from tests.builders import a_run, an_entry, at

FIX = Fix(
    fingerprint="1:aaaa1111",
    digest="b2:f1",
    bad="turned = image.rotate(degrees, expand=True)",
    good="turned = image.rotate(degrees)",
    signature="def turn(image, degrees):",
    difference="`image.rotate(degrees, expand=True)` became `image.rotate(degrees)`",
)
TEXT = "def upright(photo):\n    # as it was taken\n    return photo.rotate(90, expand=True)\n"


def test_what_was_mended_once_is_seen_again_and_mended(tmp_path: Path) -> None:
    """From the fix comes what recognises its mistake elsewhere; the edit is of the expression alone."""
    store = SqliteStore(tmp_path)
    store.record(a_run(), [an_entry(FIX.fingerprint, rule_id="type.unexpected-keyword")])
    healing = Healing(
        occurrence=None, fingerprint=FIX.fingerprint, nodeid="t.py::t", unit="m:load", verdict="fix", reason="",
        time=at(5), red_hash="h1", green_hash="h2", fix=FIX,
    )  # fmt: skip
    (fix,) = store.fixes().note(time=at(5), healings=[healing])
    store.close()
    with Memory.open(tmp_path, settings=replace(Settings(), embedder="none")) as memory:
        memory.derive_from_fixes([fix])
        (sighting,) = memory.look("pictures.py", TEXT, candidates=True, settled=True).sightings
        found = memory.mend("pictures.py", TEXT, sighting)
        assert found is not None
        mended = applied(TEXT, found.edits)
        assert mended == TEXT.replace("90, expand=True", "90")
        assert memory.look("pictures.py", mended, candidates=True, settled=True).sightings == ()
        assert memory.mend("pictures.py", mended, sighting) is None
        assert found.title == f"Apply the verified fix: {FIX.difference}"
