"""A project whose memory knows some mistakes, and the real server over it."""

from __future__ import annotations

import sys
from pathlib import Path

from projects import WITHOUT_WEIGHTS, clean_environment

from pytest_llmlearn import Memory, Occurrence
from pytest_llmlearn.domain.fix import Fix, Healing
from tests.builders import at

RIGHT = "import json\n\n\ndef total(order):\n    return order.get('total')\n"
WRONG = "import json\n\n\ndef total(order):\n    return order['total']\n"
WRONG_LINE = 4
"""Of `WRONG`, as clients count."""
SERVER = [sys.executable, "-P", "-m", "lsp_server"]


def teach(root: Path) -> str:
    """Make a project of `shop.py`, which is right now and once was `WRONG`; the fingerprint of what was wrong."""
    (root / ".git").mkdir(parents=True)
    (root / "shop.py").write_text(RIGHT, encoding="utf-8")
    with Memory.open(root) as memory:
        (fingerprint,) = memory.record(
            [
                Occurrence.from_dict(
                    {
                        "nodeid": "test_shop.py::test_total", "when": "call", "exception": "KeyError",
                        "mro": ["KeyError"], "message": "'total'", "path": "shop.py", "line": 5, "function": "total",
                        "statement": "return order['total']", "model": "gpt-4o", "code": WRONG,
                    }
                )
            ]
        )  # fmt: skip
        fix = Fix(
            fingerprint=fingerprint, digest="b2:1", bad="return order['total']", good="return order.get('total')",
            verified=1,
        )  # fmt: skip
        memory._fixes.note(
            time=at(1),
            healings=[
                Healing(
                    occurrence=None, fingerprint=fingerprint, nodeid="test_shop.py::test_total", unit="shop:total",
                    verdict="fix", reason="", time=at(1), red_hash="r", green_hash="g", fix=fix,
                )
            ],
        )  # fmt: skip
        memory.approve(fingerprint)
    return fingerprint


def environment(**more: str) -> dict[str, str]:
    """Of a server that loads no model and is led nowhere."""
    return clean_environment(**WITHOUT_WEIGHTS, LLMLEARN_SCAN="off", **more)
