"""How a process that lives on is set up."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_llmlearn.daemon import resting


def test_numbers_are_computed_in_one_thread_unless_the_user_said_otherwise() -> None:
    """Threads that wait for one another cost the tests that run beside."""
    environ = {"OPENBLAS_NUM_THREADS": "4", "PATH": "/bin"}
    resting.one_thread(environ)
    assert environ == {
        "OPENBLAS_NUM_THREADS": "4",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PATH": "/bin",
    }


def test_the_language_server_is_set_up_so() -> None:
    """Before anything is loaded that reads these variables."""
    pytest.importorskip("pygls", reason="the extra `lsp` is not installed")
    program = """if True:
        import gc, os, sys
        os.environ.pop("OMP_NUM_THREADS", None)
        from lsp_server import __main__, serving
        serving.serve_stdio = lambda make: 0
        assert __main__.main([]) == 0
        assert "numpy" not in sys.modules
        print(os.environ["OMP_NUM_THREADS"], gc.isenabled(), gc.get_threshold())
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"1 True {resting.GARBAGE}"
