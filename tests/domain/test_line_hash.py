"""A line is told from others as GitHub's upload does it."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain.line_hash import WINDOW, line_hashes

TEXTS = st.text(alphabet=st.sampled_from(list("ab \t\n\r=(é𝛂")), max_size=600)


def rolled(text: str) -> dict[int, str]:
    """The same by the rolling window that the algorithm is described with: a character comes in, the eldest goes."""
    raw = text.encode("utf-16-le")
    units = [raw[at] | raw[at + 1] << 8 for at in range(0, len(raw), 2)]
    window, starts = [0] * WINDOW, [0] * WINDOW
    value, at, number = 0, 0, 0
    begins, after_return = True, False
    counts: Counter[int] = Counter()
    found: dict[int, str] = {}

    def tell() -> None:
        if starts[at]:
            counts[value] += 1
            found[starts[at]] = f"{value:x}:{counts[value]}"
            starts[at] = 0

    for unit in [*units, 0xFFFF]:
        if unit in (32, 9) or (after_return and unit == 10):
            after_return = False
            continue
        after_return = unit == 13
        unit = 10 if unit == 13 else unit
        tell()
        if begins:
            number += 1
            starts[at] = number
        begins = unit == 10
        value = (value * 37 + unit - window[at] * 37**WINDOW) % 2**64
        window[at], at = unit, (at + 1) % WINDOW
    for _ in range(WINDOW):
        tell()
        value = (value * 37 - window[at] * 37**WINDOW) % 2**64
        window[at], at = 0, (at + 1) % WINDOW
    return found


@given(TEXTS)
def test_each_line_has_the_hash_that_a_rolling_window_gives(text: str) -> None:
    """With its ordinal among lines that read the same from there on."""
    assert line_hashes(text, range(1, 700)) == rolled(text)


def test_a_line_keeps_its_hash_where_lines_move_above_it() -> None:
    """And where it is indented anew; with other text it has another."""
    line = "value = load(user, " + "x" * 120 + ")\n"
    (before,) = line_hashes(line, [1]).values()
    assert line_hashes(f"import os\n\n\n    {line}", [4]) == {4: before}
    assert line_hashes(line.replace("load", "read"), [1]) != {1: before}
    assert line_hashes(line * 2, [1, 2, 9])[2] != before
