"""`python -m pytest_llmlearn.entrypoints.cli`, where the script is not on the PATH."""

from pytest_llmlearn.entrypoints.cli import main

main(prog_name="llmlearn")
