"""What makes text fit to be written down, put together from what is installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from pytest_llmlearn.bootstrap.late import Late

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports import SecretScanner


def redactor() -> Callable[[str], str]:
    """What makes text fit to be written down: our own table, and detect-secrets where it is installed."""
    from pytest_llmlearn.domain.redaction import redact

    home = str(Path.home())
    if find_spec("detect_secrets") is None:
        return lambda text: redact(text, home=home)
    from pytest_llmlearn.adapters.secrets import DetectSecretsScanner

    scanner: SecretScanner = DetectSecretsScanner()
    return lambda text: redact(text, extra=scanner.find(text), home=home)


def late_redactor() -> Callable[[str], str]:
    """The same, put together when it is first asked."""
    late = Late(lambda: SimpleNamespace(redact=redactor()))
    return lambda text: str(late.redact(text))
