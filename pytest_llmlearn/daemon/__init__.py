"""The warm memory of a project, served to short-lived processes over a Unix socket, and its client.

Invariant: nothing depends on it. Whoever gets no answer reads the memory directly, and gets the same one.
"""
