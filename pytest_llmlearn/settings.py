"""Settings: `[tool.llmlearn]` in pyproject.toml, then the environment, then the command line; the last one wins.

Each setting is declared once, in `Settings`; the documentation's table and the checks are made from it. An unknown
key or a value of the wrong type is an error that names it and the nearest right one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.domain.audit_bounds import Bounds
from pytest_llmlearn.domain.bounds import DEFAULT_THRESHOLD, HALF_LIFE_DAYS, MAX_LIMIT
from pytest_llmlearn.errors import BadSetting, UnknownSetting

if TYPE_CHECKING:
    from pytest_llmlearn.domain.assistants import Assistant

TABLE = "[tool.llmlearn]"
FOLDER = ".llmlearn"
ENABLING_VARIABLE = "LLMLEARN"
ROOT_VARIABLE = "LLMLEARN_ROOT"
PREFIX = "LLMLEARN_"
OTHER_VARIABLES = frozenset(
    {
        ROOT_VARIABLE,
        "LLMLEARN_CHROMA_DATABASE",
        "LLMLEARN_CHROMA_HEADERS",
        "LLMLEARN_CHROMA_TENANT",
        "LLMLEARN_CORPORA",
        "LLMLEARN_DEBUG",
        "LLMLEARN_OPENAI_API_KEY",
    }
)
"""Variables with our prefix that are no settings."""
GATES = ("recurring", "security", "enforced")
"""Sorts of mistakes by which a run of the tests can be made to fail."""
_WELL = Bounds()

Glob = tuple[str, str | None]
"""A glob relative to the project's root, and the model that wrote what it matches, where known."""


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("1", "true", "yes", "on"):
        return True
    if isinstance(value, str) and value.strip().lower() in ("0", "false", "no", "off", ""):
        return False
    raise ValueError


def _scope(value: object) -> str:
    if value in ("generated", "all"):
        return str(value)
    raise ValueError


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value.strip()


def _embedder(value: object) -> str:
    name = _text(value)
    kind, _, rest = name.partition(":")
    if name in ("minilm", "hashing", "none") or (kind in ("sentence-transformers", "openai") and rest):
        return name
    raise ValueError


def _diagnose(value: object) -> str:
    if value in ("off", "active", "candidate"):
        return str(value)
    raise ValueError


def _switch(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if value in ("auto", "on", "off"):
        return str(value)
    raise ValueError


def _daemon(value: object) -> str:
    if isinstance(value, bool):
        return "auto" if value else "off"
    if value in ("auto", "off"):
        return str(value)
    raise ValueError


def _annotate(value: object) -> str:
    if value in ("auto", "github", "gitlab", "azure", "buildkite", "none"):
        return str(value)
    raise ValueError


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) and word for word in value):
        raise ValueError
    return tuple(value)


def _gates(value: object) -> tuple[str, ...]:
    words = _words(value)
    if not set(words) <= set(GATES):
        raise ValueError
    return tuple(dict.fromkeys(words))


def _named(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise ValueError


def _globs(value: object) -> tuple[Glob, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, Mapping):
        value = [{"glob": glob, "model": model} for glob, model in value.items()]
    if not isinstance(value, list | tuple):
        raise ValueError
    return tuple(_glob(entry) for entry in value)


def _glob(entry: object) -> Glob:
    if isinstance(entry, str) and entry:
        pattern, _, named = entry.partition("=")
        return pattern.strip(), named.strip() or None
    if isinstance(entry, Mapping) and set(entry) <= {"glob", "model"}:
        glob, model = entry.get("glob"), entry.get("model")
        if isinstance(glob, str) and glob and (model is None or isinstance(model, str)):
            return glob, model or None
    raise ValueError


def _assistants(value: object) -> tuple[Assistant, ...]:
    if isinstance(value, str):
        import json  # the environment's spelling, and rare

        value = json.loads(value) if value.strip() else []
    if not isinstance(value, list | tuple):
        raise ValueError
    return tuple(_assistant(entry) for entry in value)


def _assistant(entry: object) -> Assistant:
    from pytest_llmlearn.domain.assistants import Assistant, an_assistant  # most runs have none of their own

    if isinstance(entry, Assistant):
        return entry
    if not isinstance(entry, Mapping) or not set(entry) <= {"tool", "accounts", "names"}:
        raise ValueError
    tool, accounts, names = entry.get("tool"), entry.get("accounts", []), entry.get("names", [])
    if not isinstance(tool, str) or not isinstance(accounts, list | tuple) or not isinstance(names, list | tuple):
        raise ValueError
    # An empty word would be everybody's name.
    if not (accounts or names) or not all(isinstance(word, str) and word.strip() for word in (tool, *accounts, *names)):
        raise ValueError
    return an_assistant(tool.strip(), accounts, names)


def _index(value: object) -> str:
    if value in ("auto", "exact", "chroma"):
        return str(value)
    if isinstance(value, str):
        from urllib.parse import urlsplit  # few have a server

        parts = urlsplit(value)
        # Nothing but where it is: who may come in is for the environment to say, and a file may be everybody's.
        plain = not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
        if parts.scheme in ("http", "https") and parts.hostname and plain and parts.port != 0:
            return value.rstrip("/")
    raise ValueError


def _number(low: float, high: float) -> Callable[[object], float]:
    def read(value: object) -> float:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
        if number is None or not low <= number <= high:
            raise ValueError
        return number

    return read


def _whole(low: int, high: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        number = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else None
        if number is None or not low <= number <= high:
            raise ValueError
        return number

    return read


def _setting(default: Any, read: Callable[[object], Any], expected: str, about: str) -> Any:
    return field(default=default, metadata={"read": read, "expected": expected, "about": about})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, checked. Field names are the keys; `LLMLEARN_<KEY>` is the environment's spelling."""

    enabled: bool = _setting(
        False,
        _flag,
        "true or false",
        "Learn in every pytest run, without `--llm-learn`. In the environment: `LLMLEARN=1`.",
    )
    scope: str = _setting(
        "generated",
        _scope,
        "'generated' or 'all'",
        "`generated` records failures laid on LLM-written code; `all` records every failure, marked.",
    )
    generated: tuple[Glob, ...] = _setting(
        (),
        _globs,
        'a list of globs, each "GLOB", "GLOB=MODEL" or { glob = …, model = … }',
        "Files that a model wrote, as globs relative to the project's root, each with its model if known.",
    )
    assistants: tuple[Assistant, ...] = _setting(
        (),
        _assistants,
        "a list of { tool = …, accounts = […], names = […] }, in the environment as JSON",
        "Assistants that commit under accounts (addresses, logins) or names of their own, beside those known anyway.",
    )
    same_model_only: bool = _setting(
        False,
        _flag,
        "true or false",
        "Show a model only mistakes that it was seen making. Otherwise those weigh more, and others are shown too.",
    )
    min_confidence: float = _setting(
        0.0, _number(0, 1), "a number from 0 to 1", "Confidence below which a lesson is not shown."
    )
    threshold: float = _setting(
        DEFAULT_THRESHOLD, _number(0, 1), "a number from 0 to 1", "Score below which recall shows nothing."
    )
    limit: int = _setting(5, _whole(1, MAX_LIMIT), f"a whole number from 1 to {MAX_LIMIT}", "Lessons shown at most.")
    budget: int = _setting(
        300, _whole(0, 100_000), "a whole number of tokens, 0 or more", "Tokens that the worded guidance may take."
    )
    half_life_days: float = _setting(
        HALF_LIFE_DAYS,
        _number(1, 36_500),
        "a number of days from 1 to 36500",
        "Days in which what a lesson weighs by being recent halves, counted from when its mistake was last seen.",
    )
    hold_days: int = _setting(
        30,
        _whole(0, 3650),
        "a whole number of days, 0 or more",
        "Days for which failing units are kept privately, to tell later what repaired them; 0 keeps none.",
    )
    holdback: float = _setting(
        0.1,
        _number(0, 1),
        "a number from 0 to 1",
        "Share of the lessons brought unasked that is held back, to tell whether showing them helps; 0 shows all.",
    )
    exposure_days: float = _setting(
        7.0,
        _number(0, 3650),
        "a number of days from 0 to 3650",
        "Days for which a lesson that was shown waits for code in which its mistake could be made.",
    )
    keep_days: int = _setting(
        0,
        _whole(0, 36_500),
        "a whole number of days, 0 or more",
        "Days after which the texts of occurrences and generations are erased and their counts kept; 0 keeps them.",
    )
    archive_days: float = _setting(
        180.0,
        _number(1, 36_500),
        "a number of days from 1 to 36500",
        "Days unseen after which a pattern is archived: not shown, until its mistake is made again.",
    )
    maintain: bool = _setting(
        True,
        _flag,
        "true or false",
        "Keep the memory in order once a day, in the background after a run of the tests; never where `CI` is set.",
    )
    edited_again_seconds: float = _setting(
        300.0,
        _number(0, 86_400),
        "a number of seconds from 0 to 86400",
        "Two operations on one unit within this time: the earlier one is flagged as edited again.",
    )
    store_full_code: bool = _setting(
        False,
        _flag,
        "true or false",
        "Keep the whole text of a file before and after each generation, redacted; without it only the changed lines.",
    )
    audit_max_duplicates: float = _setting(
        _WELL.duplicates,
        _number(0, 1),
        "a number from 0 to 1",
        "Share of the patterns that may be exact duplicates before `llmlearn audit` fails.",
    )
    audit_max_near_duplicates: float = _setting(
        _WELL.near_duplicates,
        _number(0, 1),
        "a number from 0 to 1",
        "Share of the patterns that may say nearly what another says before it fails.",
    )
    audit_max_never_shown: float = _setting(
        _WELL.never_shown,
        _number(0, 1),
        "a number from 0 to 1",
        "Share of the active lessons that may never have been shown before it fails.",
    )
    audit_max_aged: float = _setting(
        _WELL.aged,
        _number(0, 1),
        "a number from 0 to 1",
        "Share of the patterns that may be candidates seen once, more than 90 days ago, before it fails.",
    )
    audit_max_junk: float = _setting(
        _WELL.junk,
        _number(0, 1),
        "a number from 0 to 1",
        "Share of the patterns that may be of no use to anybody before it fails.",
    )
    audit_max_secrets: int = _setting(
        _WELL.secrets,
        _whole(0, 1_000_000),
        "a whole number, 0 or more",
        "Stored texts that may hold what redaction would hide today before it fails.",
    )
    audit_max_weekly_patterns: int = _setting(
        _WELL.weekly_patterns,
        _whole(0, 1_000_000),
        "a whole number, 0 or more",
        "Patterns that may be added in a week before it fails.",
    )
    embedder: str = _setting(
        "minilm",
        _embedder,
        "`minilm`, `hashing`, `none`, `sentence-transformers:NAME_OR_FOLDER` or `openai:BASE_URL#MODEL`",
        "What makes vectors of texts, to find lessons by meaning: see [embeddings](embeddings.md).",
    )
    embedder_folder: str = _setting(
        "",
        _text,
        "a folder",
        "Where the weights of `minilm` are looked for first, and fetched to; empty: the user's data folder.",
    )
    embedder_device: str = _setting(
        "",
        _text,
        "a device of torch's, such as `cpu` or `cuda:0`",
        "Where `sentence-transformers` computes; empty: the best there is.",
    )
    embedder_batch: int = _setting(
        32, _whole(1, 2048), "a whole number from 1 to 2048", "Texts that are made into vectors together, at most."
    )
    embedder_threads: int = _setting(
        1, _whole(1, 256), "a whole number from 1 to 256", "Threads that `minilm` may keep busy."
    )
    embedder_seconds: float = _setting(
        10.0,
        _number(0.1, 3600),
        "a number of seconds from 0.1 to 3600",
        "How long an `openai` endpoint may take for each of at most four attempts; a question makes one, and waits 2 "
        "seconds at most.",
    )
    index: str = _setting(
        "auto",
        _index,
        "`auto`, `exact`, `chroma` or `http(s)://HOST[:PORT]`",
        "How near vectors are found: by comparing with all, by Chroma in `.llmlearn/`, or by a Chroma server: see "
        "[the index](index.md).",
    )
    scan: str = _setting(
        "auto",
        _switch,
        "'auto', 'on' or 'off'",
        "Scan LLM-written code with Semgrep beside the tests: `auto` where it is installed, `on` in any case.",
    )
    scan_grace: float = _setting(
        5.0,
        _number(0, 3600),
        "a number of seconds from 0 to 3600",
        "How long the end of a run waits for the scan; what is not ready then goes on in the background.",
    )
    scan_configs: tuple[str, ...] = _setting(
        (),
        _words,
        "a list of files, folders or names of a registry",
        "Semgrep rules of your own beside ours. Names of a registry (`p/python`) are fetched by Semgrep.",
    )
    scan_exclude: tuple[str, ...] = _setting(
        (),
        _words,
        "a list of globs",
        "Files and folders that are not scanned, as globs relative to the project's root.",
    )
    scan_audit: bool = _setting(
        False, _flag, "true or false", "Scan with the rules of low confidence too, which are for reading through code."
    )
    scan_baseline: str = _setting(
        ".llmlearn/baseline.json",
        _named,
        "the path of a file",
        "Findings that the project has accepted; `llmlearn scan --update-baseline` writes it.",
    )
    python: str = _setting(
        "",
        _text,
        "the path of an interpreter, or of an environment's folder",
        "The project's interpreter, asked what exists when code is looked at; empty: the active environment's, that of "
        "`.venv` or `venv`, else the one that ran the tests last.",
    )
    inspect_imports: bool = _setting(
        False,
        _flag,
        "true or false",
        "Import libraries, never the project's own modules, in a process of their own, to see what they have.",
    )
    scan_program: str = _setting("", _text, "the path of a program", "Semgrep; empty: it is looked for.")
    scan_seconds: float = _setting(
        300.0,
        _number(1, 86_400),
        "a number of seconds from 1 to 86400",
        "How long one run of Semgrep may take before it is stopped.",
    )
    diagnose: str = _setting(
        "active",
        _diagnose,
        "'off', 'active' or 'candidate'",
        "Mistakes that editors show while code is written: those that are proven (`active`), or the others too "
        "(`candidate`). With `off` none is shown, and nothing is derived of failures that would recognise them.",
    )
    matcher_hits: int = _setting(
        0,
        _whole(0, 1_000_000),
        "a whole number from 0 to 1000000",
        "In how many files whose tests pass what recognises a learned mistake may fire before it is held back.",
    )
    lsp_debounce_ms: int = _setting(
        150,
        _whole(0, 60_000),
        "a whole number of milliseconds from 0 to 60000",
        "How long the language server waits after a change, for the next one, before it looks at the file.",
    )
    lsp_scan_on_save: bool = _setting(
        True, _flag, "true or false", "Have the language server scan a file with Semgrep, where it is, on each save."
    )
    daemon: str = _setting(
        "auto",
        _daemon,
        "'auto' or 'off'",
        "Ask the project's daemon where one runs, and serve from an editor's server: see [the daemon](daemon.md).",
    )
    daemon_idle_minutes: float = _setting(
        30.0,
        _number(0, 100_000),
        "a number of minutes, 0 or more",
        "After how long without a question `llmlearn daemon` ends by itself; 0: never.",
    )
    annotate: str = _setting(
        "auto",
        _annotate,
        "`auto`, `github`, `gitlab`, `azure`, `buildkite` or `none`",
        "For which CI a run marks the lines of what it recorded: `auto` finds out; see [CI](ci.md).",
    )
    annotate_prefix: str = _setting(
        "",
        _text,
        "a folder of the repository",
        "Where the project lies in its repository, for a CI whose container has no `.git`; empty: it is found out.",
    )
    sarif: str = _setting("", _text, "the path of a file", "Where a run writes what it recorded as SARIF 2.1.0.")
    codequality: str = _setting(
        "", _text, "the path of a file", "Where a run writes it as a report of GitLab's Code Quality."
    )
    rdjson: str = _setting("", _text, "the path of a file", "Where a run writes it for reviewdog.")
    summary: str = _setting("", _text, "the path of a file", "Where a run writes it as Markdown.")
    fail_on: tuple[str, ...] = _setting(
        (),
        _gates,
        "a list of `recurring`, `security` and `enforced`",
        "Mistakes in LLM-written code by which a run fails although its tests pass; none by itself.",
    )
    events: str = _setting(
        "",
        _text,
        "the path of a file",
        "Where a run writes what it learned as JSON lines, for `llmlearn fold`; lines are added to what is there.",
    )
    busy_seconds: float = _setting(
        10.0, _number(0, 600), "a number of seconds from 0 to 600", "How long to wait for another writer of the store."
    )

    @classmethod
    def load(
        cls,
        root: Path,
        environ: Mapping[str, str],
        overrides: Mapping[str, object] | None = None,
        where: str = "the command line",
    ) -> Settings:
        """The settings in force for the project at `root`.

        `environ` is the environment; `overrides` the command line's, where None means not given, or another's that
        `where` names.

        Raises:
            UnknownSetting, BadSetting: names the key, the place, and the way out.
        """
        values: dict[str, Any] = {}
        table = read_table(root / "pyproject.toml")
        _take(values, table or {}, f"{TABLE} in pyproject.toml")
        _take(values, _from_environment(environ), "the environment", PREFIX)
        if ENABLING_VARIABLE in environ:
            try:
                values["enabled"] = _flag(environ[ENABLING_VARIABLE])
            except ValueError:
                given = environ[ENABLING_VARIABLE]
                raise BadSetting(ENABLING_VARIABLE, "the environment", given, "1 or 0, true or false") from None
        _take(values, {key: value for key, value in (overrides or {}).items() if value is not None}, where)
        return cls(**values)


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and name not in OTHER_VARIABLES
    }
    return found


def _take(values: dict[str, Any], given: Mapping[str, object], where: str, prefix: str = "") -> None:
    known = {entry.name: entry for entry in dataclasses.fields(Settings)}
    for key, value in given.items():
        spelled = prefix + key.upper() if prefix else key
        entry = known.get(key.replace("-", "_"))
        if entry is None:
            raise UnknownSetting(spelled, where, nearest(key, known, prefix), known)
        try:
            values[entry.name] = entry.metadata["read"](value)
        except (ValueError, TypeError):
            raise BadSetting(spelled, where, value, entry.metadata["expected"]) from None


def nearest(key: str, known: Mapping[str, object], prefix: str = "") -> str | None:
    """The known key most like `key`, spelled with `prefix`; None where none is like it."""
    import difflib  # a typing mistake is rare; every run would pay for it

    close = difflib.get_close_matches(key.lower(), known, n=1, cutoff=0.6)
    return (prefix + close[0].upper() if prefix else close[0]) if close else None


def read_table(pyproject: Path) -> Mapping[str, object] | None:
    """`[tool.llmlearn]` of that file; None where the file or the table is missing.

    Raises:
        BadSetting: the file is no TOML, or `tool.llmlearn` no table.
    """
    try:
        raw = pyproject.read_bytes()
    except OSError:
        return None
    if b"llmlearn" not in raw:
        return None
    import tomllib  # most runs have no table of ours to read

    try:
        tool = tomllib.loads(raw.decode("utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting("pyproject.toml", str(pyproject), str(error), "readable TOML") from None
    table = tool.get("llmlearn") if isinstance(tool, Mapping) else None
    if table is not None and not isinstance(table, Mapping):
        raise BadSetting("tool.llmlearn", str(pyproject), table, "a table")
    return table


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The project's root, where `.llmlearn/` lies or would be made, and why it is this one."""

    path: Path
    why: str


def find_root(start: Path, environ: Mapping[str, str], store: str | None, otherwise: Callable[[], Root]) -> Root:
    """The project's root seen from the folder `start`.

    In this order: `store` (the command line's), `LLMLEARN_ROOT`; the nearest folder upwards with `.llmlearn/` or with
    a pyproject.toml that has `[tool.llmlearn]`; `otherwise()`. `store` may name the root or its `.llmlearn` folder.

    Raises:
        BadSetting: the folder named is the home of nobody, or a pyproject.toml on the way is damaged.
    """
    for value, why in ((store, "named on the command line"), (environ.get(ROOT_VARIABLE), f"named by {ROOT_VARIABLE}")):
        if value:
            try:
                path = Path(value).expanduser().absolute()
            except RuntimeError:  # `~name` of nobody
                raise BadSetting("the project's root", why, value, "a folder") from None
            return Root(path=path.parent if path.name == FOLDER else path, why=why)
    for folder in (start, *start.parents):
        if (folder / FOLDER).is_dir():
            return Root(path=folder, why=f"the nearest folder upwards with {FOLDER}/")
        if read_table(folder / "pyproject.toml") is not None:
            return Root(path=folder, why=f"the nearest folder upwards with {TABLE} in pyproject.toml")
    return otherwise()


def documented() -> str:
    """The settings as a Markdown table, for the documentation."""
    rows = ["| key | default | value | meaning |", "|---|---|---|---|"]
    for entry in dataclasses.fields(Settings):
        default = list(entry.default) if isinstance(entry.default, tuple) else entry.default
        shown = str(default).lower() if isinstance(default, bool) else repr(default).replace("'", '"')
        rows.append(f"| `{entry.name}` | `{shown}` | {entry.metadata['expected']} | {entry.metadata['about']} |")
    return "\n".join(rows) + "\n"
