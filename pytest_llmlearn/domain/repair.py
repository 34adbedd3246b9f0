"""What a repair did, in a few words, and what makes two repairs one.

The words quote code, which is redacted and flattened; they are for one line of a terminal.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from hashlib import blake2b

from pytest_llmlearn.domain.cleaning import flat
from pytest_llmlearn.domain.excerpt import cut
from pytest_llmlearn.domain.hunk import Hunk
from pytest_llmlearn.domain.outline import readable
from pytest_llmlearn.domain.source import parse

QUOTED = 50
"""Characters of a piece of code that is quoted."""


def digest(bad: str, good: str) -> str:
    """The identity of a repair: its code before and after, whatever the layout."""
    sides = ("\n".join(line.strip() for line in side.splitlines() if line.strip()) for side in (bad, good))
    return f"b2:{blake2b(chr(0).join(sides).encode('utf-8', 'replace'), digest_size=12).hexdigest()}"


def told(hunk: Hunk, imports: Sequence[str] = ()) -> str:
    """What was changed, such as "await was added" or "`<` became `<=`"."""
    return told_of(hunk.removed, hunk.added, imports)


def told_of(gone: Sequence[str], new: Sequence[str], imports: Sequence[str] = ()) -> str:
    """The same of statements that were removed and added, one by one."""
    return "; ".join([*_statements(gone, new), *map(added, imports[:2])])


def added(statement: str) -> str:
    """That one statement was added, in the same words."""
    return f"{_quoted(statement)} was added"


def _statements(removed: Sequence[str], added: Sequence[str]) -> Iterator[str]:
    # The same step may be there once removed and once added where only what it holds was changed.
    gone = [text for text in removed if text not in added]
    new = [text for text in added if text not in removed]
    if len(gone) == len(new) == 1:
        yield _one(gone[0], new[0])
    elif gone and new:
        yield f"{len(gone) if len(gone) == len(new) else max(len(gone), len(new))} statements were changed"
    elif gone or new:
        texts, verb = (new, "added") if new else (gone, "removed")
        more = f" and {len(texts) - 1} more" if len(texts) > 1 else ""
        yield f"{_quoted(texts[0])}{more} {'were' if more else 'was'} {verb}"
    else:
        yield "statements were moved"


def _one(red: str, green: str) -> str:
    before, after = _tree(red), _tree(green)
    if before is None or after is None:
        return _became(red, green)
    old, new = _differing(before, after)
    if isinstance(new, ast.Await) and _same(new.value, old):
        return "await was added"
    if isinstance(old, ast.Await) and _same(old.value, new):
        return "await was removed"
    if type(old).__name__.removeprefix("Async") == type(new).__name__.removeprefix("Async") != type(old).__name__:
        return "async was added"
    return _became(_text(old, red), _text(new, green))


def _became(red: str, green: str) -> str:
    one, two = flat(red, len(red)), flat(green, len(green))
    about = 0
    if cut(one, QUOTED) == cut(two, QUOTED):  # what differs lies beyond what is quoted: it is quoted instead
        about = next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), 0)
    return f"`{cut(one, QUOTED, about)}` became `{cut(two, QUOTED, about)}`"


def _differing(old: ast.AST, new: ast.AST) -> tuple[ast.AST, ast.AST]:
    """The smallest expressions, or statements, that hold all of the difference."""
    while type(old) is type(new):
        pairs = [*_children(old, new)]
        different = [(one, two) for one, two in pairs if not _same(one, two)]
        if len(different) != 1 or not _same_but(old, new, *different[0]):
            break
        one, two = different[0]
        if isinstance(one, ast.comprehension) and isinstance(two, ast.comprehension):
            deeper = _differing(one, two)
            if isinstance(deeper[0], ast.expr):  # a whole `for … in …` is no expression that could be quoted
                return deeper
        if not (isinstance(one, ast.expr | ast.stmt) and isinstance(two, ast.expr | ast.stmt)):
            break
        old, new = one, two
    return old, new


def _children(old: ast.AST, new: ast.AST) -> Iterator[tuple[ast.AST | None, ast.AST | None]]:
    for name in old._fields:
        one, two = getattr(old, name, None), getattr(new, name, None)
        if isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
            yield from ((a, b) for a, b in zip(one, two, strict=True) if isinstance(a, ast.AST))
        elif isinstance(one, ast.AST) or isinstance(two, ast.AST):
            yield (one if isinstance(one, ast.AST) else None), (two if isinstance(two, ast.AST) else None)


def _same_but(old: ast.AST, new: ast.AST, one: ast.AST | None, two: ast.AST | None) -> bool:
    """Whether the two are equal where `one` is the other's `two`."""
    if one is None or two is None:
        return False
    return ast.dump(old).replace(ast.dump(one), "…") == ast.dump(new).replace(ast.dump(two), "…")


def _same(one: ast.AST | None, two: ast.AST | None) -> bool:
    if one is None or two is None:
        return one is two
    return ast.dump(one) == ast.dump(two)


def _text(node: ast.AST, whole: str) -> str:
    if not isinstance(node, ast.expr):
        return whole
    return ast.unparse(node)


def _tree(text: str) -> ast.stmt | None:
    # A statement's head stands alone, without what it holds.
    whole = readable(text if not text.rstrip().endswith(":") else f"{text}\n    pass")
    tree = parse(whole) if whole is not None else None
    return tree.body[0] if tree is not None and len(tree.body) == 1 else None


def _quoted(text: str) -> str:
    return f"`{cut(flat(text, 4 * QUOTED), QUOTED)}`"
