"""What goes over the socket: one JSON object a line, and one line back for each.

A request: `{"v": 1, "do": NAME, "root": PATH, "version": VERSION, "id": ANY, …}`. An answer: `{"v": 1, "id": ANY, "ok":
{…}}`, or `"error": {"code": CODE, "message": SENTENCE}` in place of `ok`. Keys may be added within a protocol's number.
Loaded by every client: imports nothing.
"""

PROTOCOL = 1
POINTER = (".llmlearn", "state", "daemon.json")
"""Below the project's root, where the one that serves it says how to reach it."""
LARGEST_REQUEST = 4 * 1024 * 1024
"""Bytes of a line. What is larger is refused, and asked of the memory directly."""
LARGEST_ANSWER = 16 * 1024 * 1024
SOCKET_ENDING = ".sock"

BAD_JSON = "bad-json"
BAD_REQUEST = "bad-request"
TOO_LARGE = "too-large"
UNKNOWN = "unknown-request"
OTHER_ROOT = "other-root"
OTHER_VERSION = "other-version"
OTHER_SETTINGS = "other-settings"
NOT_READY = "not-ready"
FAILED = "failed"
ENDING = "ending"
"""Codes of errors."""
