"""`llmlearn-lsp`: the server's command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pytest_llmlearn import __version__
from pytest_llmlearn.errors import LlmlearnError


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve on standard input and output until the client leaves. Exit status: 0 done, 1 an error, 2 wrong usage."""
    parser = argparse.ArgumentParser(
        prog="llmlearn-lsp", description="Past mistakes of LLM-written code, for editors and assistants (LSP on stdio)."
    )
    parser.add_argument("--version", action="version", version=f"llmlearn-lsp {__version__}")
    parser.parse_args(arguments)
    try:
        from lsp_server.server import make_server

        make_server().start_io()
    except LlmlearnError as error:
        print(f"llmlearn-lsp: {error}", file=sys.stderr)  # noqa: T201 - standard output is the protocol's
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
