"""Semgrep: where it is, what it is asked, and what its answers mean. Nothing is imported here: each run asks for it."""
