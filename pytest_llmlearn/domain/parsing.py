"""Python text to syntax trees, in spite of what the interpreter does while it parses.

CPython 3.11 counts its depth by a counter that code run in the middle, by garbage collection, can spoil: `ast.parse`
then raises SystemError, "AST constructor recursion depth mismatch", on text that has nothing wrong.
"""

from __future__ import annotations

import ast


def module(text: str) -> ast.Module:
    """The text's tree, as `ast.parse`; asked once more after a SystemError.

    Raises:
        SyntaxError: the text does not parse, or Python could not read it twice.
        ValueError, RecursionError, MemoryError: as `ast.parse`.
    """
    try:
        return ast.parse(text)
    except SystemError:
        pass
    try:
        return ast.parse(text)
    except SystemError as error:
        raise SyntaxError(str(error)) from error


def expression(text: str) -> ast.expr:
    """The tree of one expression; otherwise as `module`."""
    try:
        return ast.parse(text, mode="eval").body
    except SystemError:
        pass
    try:
        return ast.parse(text, mode="eval").body
    except SystemError as error:
        raise SyntaxError(str(error)) from error
