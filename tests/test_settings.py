"""Settings: one declaration, three places, errors that name the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llmlearn import settings
from pytest_llmlearn.domain.assistants import an_assistant
from pytest_llmlearn.errors import BadSetting, UnknownSetting
from pytest_llmlearn.settings import Root, Settings, find_root

PROJECT = Path(__file__).resolve().parent.parent


def a_project(folder: Path, table: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(f"[tool.llmlearn]\n{table}\n", encoding="utf-8")
    return folder


def test_without_any_setting_the_defaults_hold(tmp_path: Path) -> None:
    """A project that says nothing gets the documented defaults."""
    assert Settings.load(tmp_path, {}) == Settings()


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path: Path) -> None:
    """File, then environment, then command line."""
    root = a_project(tmp_path, "limit = 2\nbudget = 100\nscope = 'all'")
    found = Settings.load(root, {"LLMLEARN_LIMIT": "3", "LLMLEARN_SCOPE": "all"}, {"scope": "generated", "limit": None})
    assert (found.budget, found.limit, found.scope) == (100, 3, "generated")


@pytest.mark.parametrize(("value", "enabled"), [("1", True), ("true", True), ("0", False), ("off", False)])
def test_one_variable_switches_learning(tmp_path: Path, value: str, enabled: bool) -> None:
    """`LLMLEARN=1` and `LLMLEARN=0` win over the file."""
    root = a_project(tmp_path, f"enabled = {'false' if enabled else 'true'}")
    assert Settings.load(root, {"LLMLEARN": value}).enabled is enabled


def test_a_variable_that_is_no_switch_is_named_as_it_was_typed(tmp_path: Path) -> None:
    """`LLMLEARN=maybe` is about `LLMLEARN`."""
    with pytest.raises(BadSetting, match="the environment: LLMLEARN must be 1 or 0, true or false, not 'maybe'"):
        Settings.load(tmp_path, {"LLMLEARN": "maybe"})


def test_an_unknown_key_names_the_nearest_right_one(tmp_path: Path) -> None:
    """A typing mistake is an error that says what was meant."""
    with pytest.raises(UnknownSetting, match=r"no setting 'thresold'; did you mean 'threshold'\?"):
        Settings.load(a_project(tmp_path, "thresold = 0.5"), {})


def test_an_unknown_variable_is_named_in_its_own_spelling(tmp_path: Path) -> None:
    """The environment's spelling is what the user typed."""
    with pytest.raises(UnknownSetting, match=r"'LLMLEARN_LIMITS'; did you mean 'LLMLEARN_LIMIT'"):
        Settings.load(tmp_path, {"LLMLEARN_LIMITS": "3"})


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("limit = 11", "limit must be a whole number from 1 to 10, not 11"),
        ("limit = true", "limit must be a whole number from 1 to 10, not True"),
        ("threshold = 'high'", "threshold must be a number from 0 to 1, not 'high'"),
        ("scope = 'some'", "scope must be 'generated' or 'all', not 'some'"),
        ("enabled = 'maybe'", "enabled must be true or false, not 'maybe'"),
        ("generated = [3]", "generated must be a list of globs"),
        ("generated = [{glob = 'a', modell = 'b'}]", "generated must be a list of globs"),
    ],
)
def test_an_ill_typed_value_says_what_was_expected(tmp_path: Path, table: str, expected: str) -> None:
    """The error names the key, the value, and what would do."""
    with pytest.raises(BadSetting) as raised:
        Settings.load(a_project(tmp_path, table), {})
    assert expected in str(raised.value)


def test_generated_globs_take_a_model_in_each_spelling(tmp_path: Path) -> None:
    """A bare glob, `GLOB=MODEL`, a table, and a mapping mean the same."""
    spelled = "generated = ['a/**', 'b/**=gpt-4o', {glob = 'c/**', model = 'claude'}]"
    assert Settings.load(a_project(tmp_path / "list", spelled), {}).generated == (
        ("a/**", None),
        ("b/**", "gpt-4o"),
        ("c/**", "claude"),
    )
    mapped = a_project(tmp_path / "map", "[tool.llmlearn.generated]\n'b/**' = 'gpt-4o'")
    assert Settings.load(mapped, {}).generated == (("b/**", "gpt-4o"),)
    assert Settings.load(tmp_path, {"LLMLEARN_GENERATED": "a/**,b/**=m"}).generated == (("a/**", None), ("b/**", "m"))


def test_assistants_of_the_projects_own_are_told_in_each_spelling(tmp_path: Path) -> None:
    """An array of tables, a list of inline tables, and JSON in the environment mean the same."""
    accounts = '["bot@acme.dev", "acme-bot[bot]"]'
    acme = an_assistant("acme", ["bot@acme.dev", "acme-bot[bot]"], ["Acme Coder"])
    tables = f'[[tool.llmlearn.assistants]]\ntool = "acme"\naccounts = {accounts}\nnames = ["Acme Coder"]'
    inline = f'assistants = [{{ tool = "acme", accounts = {accounts}, names = ["Acme Coder"] }}]'
    spelled = f'[{{"tool": "acme", "accounts": {accounts}, "names": ["Acme Coder"]}}]'
    assert Settings.load(a_project(tmp_path / "tables", tables), {}).assistants == (acme,)
    assert Settings.load(a_project(tmp_path / "inline", inline), {}).assistants == (acme,)
    assert Settings.load(tmp_path, {"LLMLEARN_ASSISTANTS": spelled}).assistants == (acme,)
    assert Settings.load(tmp_path, {"LLMLEARN_ASSISTANTS": ""}).assistants == ()
    assert hash(Settings(assistants=(acme,)))


@pytest.mark.parametrize(
    "entry",
    [
        '"acme"',
        "{ tool = 'acme' }",
        "{ accounts = ['bot@acme.dev'] }",
        "{ tool = '', accounts = ['bot@acme.dev'] }",
        "{ tool = 'acme', accounts = 'bot@acme.dev' }",
        "{ tool = 'acme', accounts = [''] }",
        "{ tool = 'acme', names = [3] }",
        "{ tool = 'acme', name = ['Acme'] }",
    ],
)
def test_an_assistant_without_a_word_to_know_it_by_is_an_error(tmp_path: Path, entry: str) -> None:
    """An empty name would be everybody's; a mistyped key, nobody's."""
    with pytest.raises(BadSetting, match="assistants must be a list of"):
        Settings.load(a_project(tmp_path, f"assistants = [{entry}]"), {})


@pytest.mark.parametrize("value", ["acme", "{}", "[{]", '{"tool": "acme"}'])
def test_assistants_in_the_environment_are_json(tmp_path: Path, value: str) -> None:
    """Anything else is one sentence, in the variable's own spelling."""
    with pytest.raises(BadSetting, match="LLMLEARN_ASSISTANTS must be a list"):
        Settings.load(tmp_path, {"LLMLEARN_ASSISTANTS": value})


def test_broken_toml_is_one_sentence(tmp_path: Path) -> None:
    """A file that is no TOML is named, with what is wrong."""
    (tmp_path / "pyproject.toml").write_text("[tool.llmlearn\n", encoding="utf-8")
    with pytest.raises(BadSetting, match="readable TOML"):
        Settings.load(tmp_path, {})


def _otherwise() -> Root:
    return Root(path=Path("/elsewhere"), why="otherwise")


def test_the_root_is_the_nearest_folder_upwards_that_says_so(tmp_path: Path) -> None:
    """A store or a table of settings marks it; the nearer one wins; nothing found leaves it to the caller."""
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_root(below, {}, None, _otherwise).path == Path("/elsewhere")
    a_project(tmp_path, "")
    assert find_root(below, {}, None, _otherwise).path == tmp_path
    (tmp_path / "a" / ".llmlearn").mkdir()
    assert find_root(below, {}, None, _otherwise).path == tmp_path / "a"


def test_the_command_line_and_the_environment_name_the_root(tmp_path: Path) -> None:
    """Both may name the root or its `.llmlearn` folder; the command line wins."""
    environ = {"LLMLEARN_ROOT": str(tmp_path / "env")}
    assert find_root(tmp_path, environ, None, _otherwise).path == tmp_path / "env"
    assert find_root(tmp_path, environ, str(tmp_path / "cli" / ".llmlearn"), _otherwise).path == tmp_path / "cli"


def test_a_root_in_the_home_of_nobody_is_one_sentence(tmp_path: Path) -> None:
    """A mistyped `~name` is the user's mistake, not the run's end."""
    with pytest.raises(BadSetting, match="named by LLMLEARN_ROOT: the project's root must be a folder, not '~nobody-"):
        find_root(tmp_path, {"LLMLEARN_ROOT": "~nobody-of-this-name/x"}, None, _otherwise)


def test_the_documented_table_is_the_declared_one() -> None:
    """The documentation is made from the declaration: `python tools/settings_table.py` writes it."""
    page = (PROJECT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert settings.documented() in page
