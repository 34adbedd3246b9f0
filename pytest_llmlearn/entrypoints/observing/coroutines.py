"""Where un-awaited coroutines were made, while what the user is shown stays as it would be.

Python can note where each coroutine is made, and then tells so in its warning. We want the note and not the longer
warning: the text, its place, and under `-W error` the traceback are those of a run without us.
"""

from __future__ import annotations

import sys
import types
import warnings
from collections.abc import Callable
from typing import Any

DEPTH = 2
"""Levels noted: who called, and from where; a third one costs five times as much, for asyncio's loop lies there.
A note of another length was asked for by somebody else (asyncio's debug mode takes 10), and is shown as they wanted."""

_HOOK = "_warn_unawaited_coroutine"  # the interpreter calls it by this name, from the coroutine's finaliser

Made = Callable[[str, tuple[tuple[str, int, str], ...], int], None]


class OriginWatch:
    """Tells `made(qualified name, origin, address)` of each coroutine that dies un-awaited, from `start` to `stop`.

    `origin` is Python's `cr_origin`: `(file, line, function)`, the innermost first; `address` its `id`. Does
    nothing where the interpreter has no such hook, or where somebody else watches already.
    """

    def __init__(self, made: Made) -> None:
        self._made = made
        self._original: Any = None
        self._installed: Any = None

    def start(self) -> None:
        """Begin to note and to tell."""
        original = getattr(warnings, _HOOK, None)
        if sys.get_coroutine_origin_tracking_depth() != 0 or not isinstance(original, types.FunctionType):
            return
        code = original.__code__
        if "cr_origin" not in code.co_names or code.co_freevars or code.co_argcount != 1:
            return
        self._original = original
        self._installed = _chooser(original, self._made)
        setattr(warnings, _HOOK, self._installed)
        sys.set_coroutine_origin_tracking_depth(DEPTH)

    def stop(self) -> None:
        """Put back what was there, unless somebody replaced it since."""
        if self._installed is None:
            return
        if sys.get_coroutine_origin_tracking_depth() == DEPTH:
            sys.set_coroutine_origin_tracking_depth(0)
        if getattr(warnings, _HOOK, None) is self._installed:
            setattr(warnings, _HOOK, self._original)
        self._installed = None


def _chooser(original: types.FunctionType, made: Made) -> type:
    """A callable that tells `made`, then runs `original`, or the same without the origin, as if called in its place.

    The interpreter's function must be the frame right above the one where the coroutine died, for the warning's place
    and its traceback follow from that. A Python function that calls it would stand between. A class does not: its
    `__new__` has returned by the time the interpreter itself calls `__init__`, which is that function.
    """
    # `cr_await` of a coroutine that never began is None, as `cr_origin` is where nothing was noted.
    names = tuple("cr_await" if name == "cr_origin" else name for name in original.__code__.co_names)
    silent = types.FunctionType(original.__code__.replace(co_names=names), original.__globals__, original.__name__)

    class Chooser:
        def __new__(cls, coroutine: types.CoroutineType[Any, Any, Any]) -> Chooser:
            ours = False
            try:
                origin = coroutine.cr_origin
                ours = origin is not None and len(origin) == DEPTH
                made(coroutine.__qualname__, origin or (), id(coroutine))
            except Exception:  # an object dies in the midst of anyone's code: the warning itself must still come
                pass
            chosen: type[Chooser] = Silent if ours else Telling
            return object.__new__(chosen)

    class Silent(Chooser):
        __init__ = staticmethod(silent)

    class Telling(Chooser):
        __init__ = staticmethod(original)

    return Chooser
