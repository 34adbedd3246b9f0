"""What a daemon answers: requests as builtins, over the project's memory, kept open.

Invariant: an answer is the one that the asking process would have made itself. Where its settings are others than those
of the memory that is open here, it is told so, and makes it itself.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_llmlearn import __version__
from pytest_llmlearn.bootstrap import Memory
from pytest_llmlearn.daemon import wire
from pytest_llmlearn.domain.guidance import Query
from pytest_llmlearn.domain.matcher import Sighting
from pytest_llmlearn.domain.plain_guidance import guidance
from pytest_llmlearn.errors import LlmlearnError, SettingError
from pytest_llmlearn.settings import OTHER_VARIABLES, PREFIX, Settings

log = logging.getLogger("pytest_llmlearn.daemon")

_TEXT, _NUMBER = (str,), (int, float)
_FIELDS: Mapping[str, tuple[type, ...]] = {
    "text": _TEXT,
    "path": _TEXT,
    "model": _TEXT,
    "limit": (int,),
    "budget": (int,),
    "threshold": _NUMBER,
    "unit": _TEXT,
    "session": _TEXT,
    "channel": _TEXT,
    "style": _TEXT,
    "compact": (bool,),
}
"""What a recall takes: the fields of `Query`."""


class Refused(Exception):
    """A request that is not answered; `code` is one of `wire`'s."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class _Open:
    """A memory with how many are asking it: one that was replaced is closed when the last of them is done."""

    memory: Memory
    settings: Settings
    given: bool = False
    asking: int = 0
    replaced: bool = False


@dataclass(slots=True, kw_only=True)
class Answers:
    """The memory of the project at `root`, and what it answers. Safe to use from several threads.

    A `memory` that is given belongs to whoever gives it, with the `settings` it was opened with, and is never closed
    here. Otherwise one is opened when it is first needed, and anew when the project's settings change.
    """

    root: Path
    memory: Memory | None = None
    settings: Settings | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    status: Callable[[], dict[str, Any]] = dict
    stop: Callable[[], None] = lambda: None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _looking: threading.Lock = field(default_factory=threading.Lock)
    _open: _Open | None = None
    _written: object = None
    _known: dict[tuple[object, ...], Settings] = field(default_factory=dict)
    _closed: bool = False

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """What `request` comes to.

        Raises:
            Refused: it is not answered here.
        """
        if request.get("v") != wire.PROTOCOL:
            raise Refused(wire.OTHER_VERSION, f"this one speaks version {wire.PROTOCOL} of the protocol")
        if request.get("version", __version__) != __version__:
            raise Refused(wire.OTHER_VERSION, f"this is version {__version__}")
        root = request.get("root")
        if root is not None and (not isinstance(root, str) or root != os.path.realpath(self.root)):
            raise Refused(wire.OTHER_ROOT, "another project is served here")
        does = {
            "ping": lambda _: {"version": __version__, "pid": os.getpid()},
            "status": lambda _: self.status(),
            "recall": self._recall,
            "look": self._look,
            "reload": self._reload,
            "stop": self._stop,
        }.get(request["do"] if isinstance(request.get("do"), str) else "")
        if does is None:
            raise Refused(wire.UNKNOWN, "there is no such request; there are look, ping, recall, reload, status, stop")
        try:
            return does(request)
        except LlmlearnError as error:
            raise Refused(wire.FAILED, str(error)) from error

    def _recall(self, request: Mapping[str, Any]) -> dict[str, Any]:
        asked = {name: request[name] for name in _FIELDS if request.get(name) is not None}
        for name, value in asked.items():
            if not isinstance(value, _FIELDS[name]) or (isinstance(value, bool) and bool not in _FIELDS[name]):
                raise Refused(wire.BAD_REQUEST, f"{name} cannot be {type(value).__name__}")
        if "text" not in asked:
            raise Refused(wire.BAD_REQUEST, "a recall needs a text")
        settings = self._settings_of(request)
        if settings.daemon == "off":
            raise Refused(wire.OTHER_SETTINGS, "the settings say that no daemon is to be asked")
        for name in ("limit", "budget", "threshold"):
            asked.setdefault(name, getattr(settings, name))
        try:
            query = Query(**asked)
        except ValueError as error:
            raise Refused(wire.BAD_REQUEST, str(error)) from error
        with self.opened(settings) as memory:
            if not memory.ready:
                raise Refused(wire.NOT_READY, "what finds lessons by meaning is being loaded")
            return {"guidance": guidance(memory.recall(query)), "notices": memory.notices}

    def _look(self, request: Mapping[str, Any]) -> dict[str, Any]:
        path, text = request.get("path"), request.get("text")
        if not isinstance(path, str) or not isinstance(text, str):
            raise Refused(wire.BAD_REQUEST, "a look needs a path and a text")
        candidates, settled = request.get("candidates", False), request.get("settled", True)
        if not isinstance(candidates, bool) or not isinstance(settled, bool):
            raise Refused(wire.BAD_REQUEST, "candidates and settled are true or false")
        if self.memory is not None:
            raise Refused(wire.UNKNOWN, "this server looks at the texts of its own editor alone")
        with self.opened(self._settings_of(request)) as memory, self._looking:
            looked = memory.look(path, text, candidates=candidates, settled=settled)
        return {"path": looked.path, "sightings": [_sighting(one) for one in looked.sightings]}

    def _reload(self, request: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            self._known.clear()
            self._replace(None)
        return {"reloaded": self.memory is None}

    def _stop(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self.stop()
        return {"ending": True}

    # Settings

    def _settings_of(self, request: Mapping[str, Any]) -> Settings:
        """Those in force for whoever asks: the project's, and those of its environment, which it sends along."""
        given = request.get("environ")
        if given is None:
            return self._loaded(self.environ)
        if not isinstance(given, dict) or not all(isinstance(one, str) for pair in given.items() for one in pair):
            raise Refused(wire.BAD_REQUEST, "environ maps names to texts")
        return self._loaded(given)

    def _loaded(self, environ: Mapping[str, str]) -> Settings:
        written = _stamp(self.root / "pyproject.toml")
        own = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
        key = tuple(sorted((name, value) for name, value in own.items() if name not in OTHER_VARIABLES))
        with self._lock:
            if written != self._written or len(self._known) > 64:
                self._known.clear()
                self._written = written
            known = self._known.get(key)
        if known is None:
            try:
                known = Settings.load(self.root, own)
            except SettingError as error:
                raise Refused(wire.OTHER_SETTINGS, str(error)) from error
            with self._lock:
                self._known[key] = known
        return known

    # The memory

    @contextmanager
    def opened(self, wanted: Settings | None = None) -> Iterator[Memory]:
        """The memory, open; with `wanted`, one that answers as under these settings.

        Raises:
            Refused: the memory that is open here answers under others.
            LlmlearnError: it cannot be opened.
        """
        with self._lock:
            if self._closed:
                raise Refused(wire.ENDING, "this one ends")
        own = self.settings if self.memory is not None and self.settings is not None else self._loaded(self.environ)
        if wanted is not None and _deciding(wanted) != _deciding(own):
            raise Refused(wire.OTHER_SETTINGS, "the settings here are others than those of whoever asks")
        with self._lock:
            if self._open is None or _deciding(self._open.settings) != _deciding(own):
                given = self.memory
                # Patient: no answer may depend on whether the vectors were there already.
                made = given or Memory.open(self.root, settings=own, warm=True, patient=True)
                self._replace(_Open(memory=made, settings=own, given=given is not None))
            there = self._open
            assert there is not None
            there.asking += 1
        try:
            yield there.memory
        finally:
            with self._lock:
                there.asking -= 1
                if there.replaced and not there.asking and not there.given:
                    there.memory.close()

    def _replace(self, by: _Open | None) -> None:
        gone, self._open = self._open, by
        if gone is not None:
            gone.replaced = True
            if not gone.asking and not gone.given:
                gone.memory.close()

    def close(self) -> None:
        """Let go of the memory; nothing is answered any more."""
        with self._lock:
            self._closed = True
            self._replace(None)


def _sighting(seen: Sighting) -> dict[str, Any]:
    """A place where a learned mistake was recognised, as builtins."""
    return {
        "fingerprint": seen.matcher.fingerprint,
        "rule_id": seen.matcher.rule_id,
        "matcher": seen.matcher.key,
        "kind": seen.matcher.kind,
        "span": asdict(seen.span),
        "confidence": seen.confidence,
        "why": seen.why,
    }


def _stamp(path: Path) -> object:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _deciding(settings: Settings) -> Settings:
    """The settings without those that a question brings along, or that decide nothing about an answer."""
    plain = Settings()
    left_out = ("limit", "budget", "threshold", "daemon", "daemon_idle_minutes", "enabled", "maintain", "busy_seconds")
    return replace(settings, **{name: getattr(plain, name) for name in left_out})
