"""Python source as a small neutral tree: the kinds and roles of Python's own grammar, and where each node stands.

Whatever parser made it, equal code gives equal trees. Broken code gives the tree of what could be read; statements that
could not be read are left out, and told as gaps.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of text: lines from 1, columns from 0 in characters (code points), the end not included."""

    line: int
    column: int
    end_line: int
    end_column: int


class Node:
    """One node. `kind` is the name of Python's own class of it (`Call`, `Attribute`, `Name`, `Constant`, …).

    `text` is the identifier, operator or literal (as `repr` writes it) that the node itself carries, else empty.
    `children` are pairs of role (`func`, `args`, `value`, … as Python's grammar names them) and node, in the order of
    the source; a role that holds several nodes comes once for each.
    """

    __slots__ = ("children", "kind", "span", "text")

    def __init__(self, kind: str, text: str, span: Span, children: tuple[tuple[str, Node], ...] = ()) -> None:
        self.kind = kind
        self.text = text
        self.span = span
        self.children = children


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The statements at the top of a file, and the stretches that could not be read."""

    body: tuple[Node, ...]
    gaps: tuple[Span, ...] = ()
