"""Matchers from verified fixes: the smallest pattern that is wrong, and what is left open in it."""

from __future__ import annotations

import pytest

from pytest_llmlearn.domain.deriving.fixing import from_fix, lines_matched, template
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.rule_file import RuleFile, read


def a_fix(bad: str, good: str, signature: str = "", verified: int = 1) -> Fix:
    return Fix(fingerprint="1:aaaa", digest="b2:1", bad=bad, good=good, signature=signature, verified=verified)


def patterns(fix: Fix, *others: Fix) -> list[str]:
    return [str(matcher.body["pattern"]) for matcher in from_fix(fix, "r.one", others=others)]


@pytest.mark.parametrize(
    ("bad", "good", "expected"),
    [
        ("mask = image.astype(np.bool)", "mask = image.astype(bool)", "np.bool"),
        ("user = client.get_user(user_id)", "user = await client.get_user(user_id)", "$X = $Z.get_user($Y)"),
        ("self.a = self.a.rotate(d, expand=True)", "self.a = self.a.rotate(d)", "self.a.rotate($X, expand=True)"),
        ("with open(path) as f:\n    …", "with open(path, encoding='utf-8') as f:\n    …", "open($X)"),
        ("total = width + height", "total = width * height", None),
        ("return a / b", "if not b:\n    return 0\nreturn a / b", None),
    ],
)  # fmt: skip
def test_the_smallest_telling_pattern_of_the_bad_side_alone(bad: str, good: str, expected: str | None) -> None:
    """Own names are left open where an API or a constant tells enough; else there is none."""
    assert next(iter(patterns(a_fix(bad, good))), None) == expected


def test_each_matcher_fires_on_the_bad_side_and_not_on_the_good_one() -> None:
    """Of any fix that is known."""
    bad, good = "frame = frame.append(row, ignore_index=True)", "frame = pd.concat([frame, row], ignore_index=True)"
    other = a_fix("x = y.append(z, ignore_index=False)", "x = y.append(z, ignore_index=True)")
    assert patterns(a_fix(bad, good))
    for pattern in patterns(a_fix(bad, good), other):
        assert lines_matched(pattern, bad) and not lines_matched(pattern, good)
        assert not lines_matched(pattern, other.good)


def test_what_differs_between_fixes_is_left_open() -> None:
    """And what they have in common stays."""
    one = a_fix("x = crop(image, 10, mode='wrap')", "x = crop(image, 10, mode='same')")
    two = a_fix("x = crop(image, size + 1, mode='wrap')", "x = crop(image, size + 1, mode='same')")
    assert patterns(one)[0] == "crop($X, 10, mode='wrap')"
    assert patterns(one, two)[0] == "crop($X, $Y, mode='wrap')"


def test_what_tells_nothing_without_its_names_keeps_them() -> None:
    """Then it counts in the function of that name alone, and is less sure."""
    (matcher,) = from_fix(
        a_fix("total = width + height", "total = width * height", "def area(width, height):"), "r.one"
    )
    assert matcher.body == {"pattern": "total = width + height", "inside": "area"}
    assert matcher.confidence < from_fix(a_fix("x = np.float(y)", "x = float(y)"), "r.one")[0].confidence


def test_the_more_often_verified_the_surer() -> None:
    """What was never verified is no fix."""
    (seldom, *_), (often, *_) = (from_fix(a_fix("x = np.float(y)", "x = float(y)", "", n), "r") for n in (1, 3))
    assert seldom.confidence < often.confidence
    assert from_fix(a_fix("x = np.float(y)", "x = float(y)", "", 0), "r") == []


@pytest.mark.parametrize(
    ("bad", "good", "expected"),
    [
        ("x = a.rotate(d, expand=True)", "x = a.rotate(d)", "$Y.rotate($X)"),
        ("x = load(a.path)", "x = load(a.path, limit)", None),
        ("x = a.get_user(y)", "x = await a.get_user(y)", "$X = await $Z.get_user($Y)"),
    ],
)
def test_what_the_pattern_becomes(bad: str, good: str, expected: str | None) -> None:
    """Over the same metavariables; a name that the pattern does not bind cannot be written."""
    fix = a_fix(bad, good)
    assert template(fix, patterns(fix)[0]) == expected


def test_a_file_of_rules_is_read_as_it_was_written() -> None:
    """With what people changed in a rule, and what they took back."""
    block = '  - id: learned-one\n    severity: INFO # ours\n    metadata:\n      fingerprint: "1:aaaa"\n'
    own = "  - id: by-hand\n    pattern: eval(...)\n"
    file = RuleFile(blocks=(("", own), ("1:aaaa", block)), taken_back=("1:bbbb",))
    assert read(file.text()) == file
    assert read(file.text()).enforced == {"1:aaaa"}
    assert read(RuleFile().text()) == RuleFile()
