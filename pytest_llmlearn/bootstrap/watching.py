"""What looks at texts, put together: the parser, a recogniser of each kind, what exists in the project."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.adapters.parser import TolerantParser
from pytest_llmlearn.app.watch import Watch
from pytest_llmlearn.domain.matchers.api import Api
from pytest_llmlearn.domain.matchers.awaiting import Awaiting
from pytest_llmlearn.domain.matchers.shape import Shapes
from pytest_llmlearn.domain.matchers.text import Text
from pytest_llmlearn.domain.matchers.undefined import Undefined

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports.matchers import Matchers


def watch(matchers: Callable[[], Matchers], world: Any) -> Watch:
    """What looks at the texts of one project; `world` is a `view.World`."""
    return Watch(matchers(), TolerantParser(), (Shapes(), Api(), Undefined(), Awaiting(), Text()), world)
