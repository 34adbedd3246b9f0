"""The file of rules that enforce what was learned, and the truth about which mistakes they enforce.

Each rule names the fingerprint that it enforces. Rules are blocks of lines, taken out, kept or put in one by one, so
that what people changed in the others stays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

HEADER = """\
# Mistakes that generated code of this project made again and again: `llmlearn rules export` writes this file.
# What stands here is enforced, and no longer told before code is written; `llmlearn rules take-back` takes a rule out.
"""
_TAKEN = "# taken back: "
_EMPTY = "rules: []\n"
_START = re.compile(r"^  - id: ", re.MULTILINE)
_FINGERPRINT = re.compile(r'^      fingerprint: "([^"\n]+)"$', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """A file of rules: blocks of lines, each with the fingerprint it enforces where it names one, and the fingerprints
    that a person took back."""

    blocks: tuple[tuple[str, str], ...] = ()
    taken_back: tuple[str, ...] = ()

    @property
    def enforced(self) -> frozenset[str]:
        """The fingerprints that the rules enforce."""
        return frozenset(fingerprint for fingerprint, _ in self.blocks if fingerprint)

    def text(self) -> str:
        """The file: rules in the order of their names."""
        taken = "".join(f"{_TAKEN}{fingerprint}\n" for fingerprint in sorted(self.taken_back))
        rules = "".join(block for _, block in sorted(self.blocks, key=lambda each: each[1]))
        return f"{HEADER}{taken}{f'rules:{chr(10)}{rules}' if rules else _EMPTY}"


def read(text: str) -> RuleFile:
    """The rules of a file that `RuleFile.text` wrote, and that people may have changed."""
    starts = [found.start() for found in _START.finditer(text)]
    head = text[: starts[0]] if starts else text
    taken = [line.removeprefix(_TAKEN).strip() for line in head.splitlines() if line.startswith(_TAKEN)]
    blocks = []
    for start, end in pairwise([*starts, len(text)]):
        block = text[start:end]
        told = _FINGERPRINT.search(block)
        blocks.append((told[1] if told else "", block if block.endswith("\n") else f"{block}\n"))
    return RuleFile(blocks=tuple(blocks), taken_back=tuple(dict.fromkeys(taken)))
