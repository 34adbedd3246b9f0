"""`llmlearn-lsp`: the server's command, which `llmlearn lsp` runs too."""

from __future__ import annotations

import argparse
import gc
import ipaddress
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_llmlearn import __version__
from pytest_llmlearn.daemon import resting
from pytest_llmlearn.errors import LlmlearnError


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve on standard input and output until the client leaves, or where the options say.

    Exit status: 0 the client said goodbye, 1 it did not, or an error, 2 wrong usage.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.tcp is not None and not options.force and not _is_loopback(options.tcp[0]):
        parser.error(f"other machines could come in at {options.tcp[0]}: --force has it listen there all the same")
    # Nothing that is made while the server starts goes away again: looking for what does costs a tenth of the start.
    gc.disable()
    try:
        return _serve(options)
    except (LlmlearnError, OSError) as error:
        print(f"llmlearn-lsp: {error}", file=sys.stderr)  # noqa: T201 - standard output is the protocol's
        return 1
    except KeyboardInterrupt:
        return 1


def _serve(options: argparse.Namespace) -> int:
    from lsp_server import logs

    resting.one_thread(os.environ)
    logs.begin(options.log_level, options.log_file)
    from lsp_server import serving
    from lsp_server.server import make_server

    gc.freeze()
    gc.set_threshold(*resting.GARBAGE)
    gc.enable()
    if options.tcp is not None:
        return serving.serve_tcp(make_server, *options.tcp)
    if options.socket is not None:
        return serving.serve_socket(make_server, options.socket)
    return serving.serve_stdio(make_server)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="llmlearn-lsp",
        description="Past mistakes of LLM-written code, for editors and assistants: a language server.",
    )
    parser.add_argument("--version", action="version", version=f"llmlearn-lsp {__version__}")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--stdio", action="store_true", help="serve on standard input and output (the default)")
    way.add_argument("--tcp", metavar="HOST:PORT", type=_address, help="listen there; of this machine only")
    way.add_argument("--socket", metavar="PATH", type=Path, help="listen at that Unix socket, for its owner only")
    parser.add_argument("--force", action="store_true", help="let --tcp listen where other machines can come in")
    parser.add_argument("--log-file", metavar="PATH", type=Path, help="log there too, beside standard error")
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="warning")
    # What VS Code's client library adds by itself.
    parser.add_argument("--clientProcessId", help=argparse.SUPPRESS)
    return parser


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


def _is_loopback(host: str) -> bool:
    """Whether only this machine can come in there."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    sys.exit(main())
