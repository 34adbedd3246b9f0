"""Names that come from elsewhere: which mistake it was, and what to write instead."""

from __future__ import annotations

import builtins
import pkgutil
from collections import deque

import pytest

from pytest_llmlearn.detectors import known_mistakes
from pytest_llmlearn.detectors.imports import ImportDetector
from pytest_llmlearn.detectors.near_modules import distance
from pytest_llmlearn.domain.finding import Finding
from pytest_llmlearn.domain.occurrence import Frame
from tests.detectors.seen import PATH, KnownSurroundings, code, evidence, failure, findings, line_of, raised

DETECTOR = ImportDetector()
FILES = {PATH: "", "app/__init__.py": "", "app/store.py": "class Store: ..."}


def only(error: BaseException | str, text: str = "", exception: str = "", **around: object) -> Finding:
    """The one finding for an exception in a text; `around` are the surroundings' answers."""
    seen = evidence(text, surroundings=KnownSurroundings(files={**FILES, PATH: text}, **around))  # type: ignore[arg-type]
    (finding,) = findings(DETECTOR, failure(error, exception), seen).values()
    return finding


@pytest.mark.parametrize(
    ("module", "distribution"),
    [("cv2", "opencv-python"), ("yaml", "PyYAML"), ("torch", "torch"), ("sklearn.svm", "scikit-learn")],
)
def test_a_package_that_exists_and_is_not_installed_is_the_environments_affair(module: str, distribution: str) -> None:
    """Well-known import names are told with the distribution that brings them."""
    finding = only(f"No module named '{module}'", f"import os\nimport {module}\n", "ModuleNotFoundError")
    assert (finding.rule_id, finding.scope, finding.line) == ("import.missing-module", "environment", 2)
    assert distribution in finding.lesson


def test_a_package_that_the_project_asks_for_is_the_environments_affair() -> None:
    """However unknown its name is."""
    finding = only("No module named 'ourlib'", "import ourlib\n", "ModuleNotFoundError", asked_for=["ourlib"])
    assert finding.scope == "environment"


def test_a_misspelt_module_is_told_with_the_nearest_that_exists() -> None:
    """And it is the code's fault."""
    finding = only("No module named 'colections'", "import colections\n", "ModuleNotFoundError")
    assert finding.scope is None
    assert "'collections'" in finding.lesson
    assert finding.symbols == ("colections",)


@pytest.mark.parametrize(
    ("module", "near"),
    [
        ("nunpy", "numpy"),
        ("nupmy", "numpy"),
        ("reqeusts", "requests"),
        ("pil", "PIL"),
        ("jsno", "json"),
        ("pnadas", "pandas"),
    ],
)
def test_of_two_names_as_near_the_better_known_is_meant(module: str, near: str) -> None:
    """`runpy` is one letter from `nunpy` as well, and hardly anybody imports it."""
    finding = only(
        f"No module named '{module}'",
        f"import {module}\n",
        "ModuleNotFoundError",
        present=["runpy", "_json", "imutils"],
    )
    assert f"nearest that exists is '{near}'" in finding.lesson


@pytest.mark.parametrize("module", ["utils", "helpers", "models", "config.loader", "common"])
def test_a_plain_word_is_a_module_that_the_project_does_not_have(module: str) -> None:
    """`imutils` is no slip of the hand, nor is any library of a like name."""
    around = ["imutils", "confit", "model", "commons"]
    finding = only(f"No module named '{module}'", f"import {module}\n", "ModuleNotFoundError", present=around)
    assert "the project has no module of that name" in finding.lesson


def test_a_plain_word_may_be_the_slip_of_the_projects_own() -> None:
    """`util` where there is a `utils.py`."""
    files = {PATH: "import util\n", "utils.py": ""}
    seen = evidence("import util\n", surroundings=KnownSurroundings(files=files, present=["utils", "until"]))
    (finding,) = findings(DETECTOR, failure("No module named 'util'", "ModuleNotFoundError"), seen).values()
    assert "'utils'" in finding.lesson


@pytest.mark.parametrize(
    ("left", "right", "slips"),
    [("nunpy", "numpy", 1), ("nupmy", "numpy", 1), ("numpy", "numpy", 0), ("", "ab", 2), ("panda", "pandas", 1)],
)
def test_slips_are_counted(left: str, right: str, slips: int) -> None:
    """A swap of neighbours is one slip, as the change of one letter is."""
    assert distance(left, right) == distance(right, left) == slips


def test_an_invented_module_is_the_codes_fault_with_less_confidence() -> None:
    """No name is near, so it may yet be a rare package."""
    finding = only("No module named 'quantumflux_helpers'", "import quantumflux_helpers\n", "ModuleNotFoundError")
    assert finding.scope is None
    assert finding.confidence < 0.7


@pytest.mark.parametrize(
    ("module", "instead"),
    [("imp", "importlib"), ("distutils.util", "setuptools"), ("cgi", "urllib.parse"), ("urllib2", "urllib.request")],
)
def test_a_module_that_went_away_is_told_with_its_replacement(module: str, instead: str) -> None:
    """Removed parts of the standard library, and names of Python 2."""
    finding = only(f"No module named '{module}'", f"import {module}\n", "ModuleNotFoundError")
    assert finding.scope is None
    assert instead in finding.lesson


def test_the_projects_own_module_under_a_wrong_path_is_told_with_the_right_one() -> None:
    """`app.models.store` was meant to be `app.store`, which is there."""
    files = {**FILES, "store.py": "class Store: ..."}
    seen = evidence("from models.store import Store\n", surroundings=KnownSurroundings(files=files))
    occurrence = failure("No module named 'models'", "ModuleNotFoundError")
    (finding,) = findings(DETECTOR, occurrence, seen).values()
    assert finding.rule_id == "import.missing-module"
    occurrence = failure("No module named 'models.store'", "ModuleNotFoundError")
    (finding,) = findings(DETECTOR, occurrence, seen).values()
    assert "the project's module is 'store'" in finding.lesson


def test_a_class_imported_as_a_module_is_told_with_the_right_statement() -> None:
    """`import package.Class` wants to be `from package import Class`."""
    text = "import shapes.Circle\n"
    finding = only(
        "No module named 'shapes.Circle'",
        text,
        "ModuleNotFoundError",
        exports={"shapes": {"Circle"}},
        present=["shapes"],
    )
    assert "from shapes import Circle" in finding.lesson


def test_a_library_that_lacks_a_part_of_its_own_is_the_environments_affair() -> None:
    """The import was written by the library, not by the generated code."""
    occurrence = failure(
        "No module named '_rare_backend'",
        "ModuleNotFoundError",
        frames=(
            Frame(path=PATH, line=1, function="load"),
            Frame(path="/venv/site-packages/lib/core.py", line=3, function="f"),
        ),
    )
    (finding,) = findings(DETECTOR, occurrence, evidence("import lib\n")).values()
    assert finding.scope == "environment"


@pytest.mark.parametrize("message", ["Missing optional dependency 'openpyxl'. Use pip.", "Please pip install openpyxl"])
def test_a_library_that_asks_for_another_is_the_environments_affair(message: str) -> None:
    """Libraries word it themselves."""
    finding = only(message, "import pandas\n", "ImportError")
    assert (finding.scope, finding.symbols) == ("environment", ("openpyxl",))


def test_a_missing_name_is_told_with_the_nearest_real_ones() -> None:
    """From what the surroundings know of the module, at the line of the import."""
    text = "import os\nfrom collections import OrderdDict\n"
    finding = only(raised(text), text, exports={"collections": {"OrderedDict", "deque"}})
    assert (finding.rule_id, finding.line) == ("import.missing-name", 2)
    assert finding.symbols == ("collections.OrderdDict",)
    assert "'OrderedDict'" in finding.lesson


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("from json import parse\n", "json.loads"),
        ("import json\njson.stringify(1)\n", "json.dumps"),
        ("import statistics\nstatistics.average([1])\n", "statistics.mean"),
        ("import math\nmath.average([1])\n", "statistics.mean"),
        ("import os\nos.exists('x')\n", "os.path.exists"),
        ("import os\nos.path.listdir('x')\n", "os.listdir"),
        ("import string\nstring.join([])\n", "str.join"),
    ],
)
def test_a_name_that_is_often_invented_is_told_with_what_was_meant(text: str, instead: str) -> None:
    """Other languages have it, or another module does."""
    assert f"use {instead}" in only(raised(text), text).lesson


def test_the_table_of_invented_names_holds_on_this_python() -> None:
    """None of the names exists, all of what was meant does."""
    for wrong, meant in known_mistakes._of_modules().items():
        assert not is_there(wrong), wrong
        assert is_there(meant), meant
    for of, names in known_mistakes._of_classes().items():
        kind = {"deque": deque}.get(of) or getattr(builtins, of)
        assert not [name for name in names if hasattr(kind, name)]


def is_there(dotted: str) -> bool:
    """Whether the dotted name can be had from a module or from the built-ins."""
    try:
        pkgutil.resolve_name(dotted)
    except (ImportError, AttributeError):
        return dotted != f"builtins.{dotted}" and "builtins." not in dotted and is_there(f"builtins.{dotted}")
    return True


def test_a_module_of_the_project_is_told_with_the_names_it_has() -> None:
    """Not with the advice to look into an installed version."""
    store = "class Engine: ...\ndef start(): ...\ndef _hidden(): ...\n"
    text = "from app.store import Motor\n"
    seen = evidence(text, surroundings=KnownSurroundings(files={PATH: text, "app/store.py": store}))
    occurrence = failure("cannot import name 'Motor' from 'app.store' (/p/app/store.py)", "ImportError")
    (finding,) = findings(DETECTOR, occurrence, seen).values()
    assert finding.lesson.endswith("it is the project's own and has 'Engine', 'start'.")
    near = evidence(
        text,
        surroundings=KnownSurroundings(files={PATH: text, "app/store.py": store}, exports={"app.store": ["Motors"]}),
    )
    (finding,) = findings(DETECTOR, occurrence, near).values()
    assert "the nearest it has is 'Motors'" in finding.lesson


def test_what_the_live_exception_knew_comes_first() -> None:
    """`facts` hold the names that were really there."""
    text = "from collections import Orderly\n"
    occurrence = failure(raised(text), facts={"name": "Orderly", "of": "collections", "near": "OrderedDict,deque"})
    (finding,) = findings(DETECTOR, occurrence, evidence(text)).values()
    assert "'OrderedDict', 'deque'" in finding.lesson


def test_a_moved_name_is_told_with_its_new_place() -> None:
    """The abstract classes left `collections` with Python 3.10."""
    text = "from collections import Mapping\n"
    finding = only(raised(text), text)
    assert "collections.abc.Mapping" in finding.lesson


def test_a_name_that_a_generated_module_lacks_is_laid_on_its_first_line() -> None:
    """The test asked for it; the module has it under another spelling."""
    text = "class UserStor:\n    pass\n"
    finding = only(f"cannot import name 'UserStore' from 'app.users' (/p/{PATH})", text, "ImportError")
    assert (finding.rule_id, finding.line) == ("import.missing-name", 1)
    assert finding.symbols == ("app.users.UserStore",)
    assert "'UserStor'" in finding.lesson


def test_two_installed_packages_that_do_not_fit_are_the_environments_affair() -> None:
    """One library imports from another what its version lacks."""
    occurrence = failure(
        "cannot import name 'url_quote' from 'werkzeug.urls' (/venv/werkzeug/urls.py)",
        "ImportError",
        frames=(Frame(path=PATH, line=1, function=""), Frame(path="/venv/flask/app.py", line=1, function="")),
    )
    (finding,) = findings(DETECTOR, occurrence, evidence("import flask\n")).values()
    assert finding.scope == "environment"


@pytest.mark.parametrize(
    ("text", "instead"),
    [("import math\nmath.sqrtt(2)\n", "'sqrt'"), ("import time\ntime.clock()\n", "time.perf_counter")],
)
def test_an_attribute_that_a_module_lacks_is_told_with_what_it_has(text: str, instead: str) -> None:
    """As Python words it when the line runs."""
    finding = only(raised(text), text, exports={"math": {"sqrt", "pi"}})
    assert finding.rule_id == "import.module-attribute-missing"
    assert instead in finding.lesson


def test_an_attribute_that_is_a_module_needs_an_import_of_its_own() -> None:
    """`os.nothing` aside, `xml.etree` is there once it is imported."""
    finding = only(
        "module 'skimage' has no attribute 'filters'", "", "AttributeError", exports={"skimage": {"filters"}}
    )
    assert "'import skimage.filters' first" in finding.lesson


@pytest.mark.parametrize(
    ("message", "name", "instead"),
    [
        ("module 'numpy' has no attribute 'int'.\n`np.int` was a deprecated alias", "numpy.int", "use int"),
        ("`np.NaN` was removed in the NumPy 2.0 release. Use `np.nan` instead.", "numpy.NaN", "numpy.nan"),
    ],
)
def test_what_numpy_took_away_is_told_in_its_own_words(message: str, name: str, instead: str) -> None:
    """Two wordings of one mistake."""
    finding = only(message, "import numpy as np\n", "AttributeError")
    assert finding.symbols == (name,)
    assert instead in finding.lesson


def test_the_attribute_of_an_object_is_no_import() -> None:
    """Another detector tells what objects lack."""
    assert not findings(DETECTOR, failure("'list' object has no attribute 'push'", "AttributeError"), evidence())


@pytest.mark.parametrize(
    "message",
    [
        "cannot import name 'a' from partially initialized module 'east' (most likely due to a circular import) (e.py)",
        "partially initialized module 'east' has no attribute 'a' (most likely due to a circular import)",
        "partially initialized module 'east' from '/e.py' has no attribute 'a' (most likely due to a circular import)",
    ],
)
def test_a_cycle_is_named_by_the_module_it_goes_through(message: str) -> None:
    """In the wordings of all versions."""
    kind = "ImportError" if message.startswith("cannot") else "AttributeError"
    finding = only(message, "", kind)
    assert (finding.rule_id, finding.symbols) == ("import.circular", ("east.a",))


def test_a_file_that_hides_the_standard_library_is_to_be_renamed() -> None:
    """Python before 3.13 does not say so: the project's own file gives it away."""
    seen = evidence("import random\n", surroundings=KnownSurroundings(files={"random.py": ""}))
    occurrence = failure("module 'random' has no attribute 'randint'", "AttributeError")
    (finding,) = findings(DETECTOR, occurrence, seen).values()
    assert finding.rule_id == "import.shadowed-module"


@pytest.mark.parametrize(
    "message",
    ["attempted relative import with no known parent package", "attempted relative import beyond top-level package"],
)
def test_a_relative_import_without_a_package_is_named_by_its_line(message: str) -> None:
    """The statement in the file, whichever test imported it."""
    text = "import os\nfrom .store import Store\n"
    finding = only(message, text, "ImportError")
    assert (finding.rule_id, finding.line) == ("import.relative-import", 2)
    assert ("beyond the top-level package" in finding.lesson) == ("beyond" in message)


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("x = math.sqrt(2)\n", "import math"),
        ("x = np.zeros(3)\n", "import numpy as np"),
        ("def f(x: Optional[int]): ...\n", "from typing import Optional"),
        ("x = defaultdict(list)\n", "from collections import defaultdict"),
        ("@dataclass\nclass A:\n    x: int\n", "from dataclasses import dataclass"),
        ("x = BeautifulSoup('')\n", "from bs4 import BeautifulSoup"),
        ("x = datetime.now()\n", "from datetime import datetime"),
        ("def f():\n    import json\nf()\nx = json.dumps(1)\n", "import json"),
    ],
)
def test_a_name_that_an_import_would_bind_is_told_with_that_import(text: str, statement: str) -> None:
    """Modules, customary short names, and names whose home is well known."""
    error = NameError(str(raised(text))) if "Optional" not in text else NameError("name 'Optional' is not defined")
    finding = only(error, text)
    assert finding.rule_id == "import.undefined-name"
    assert f"'{statement}'" in finding.lesson


@pytest.mark.parametrize(
    "text",
    [
        "x = totel_count + 1\n",
        "def f():\n    return code\nf()\n",
        "def g(queue): ...\ndef f():\n    return queue.pop()\nf()\n",
        "x = choice\n",
        "def f():\n    print(x)\n    x = 1\nf()\n",
    ],
)
def test_a_name_that_no_import_surely_binds_is_left_to_others(text: str) -> None:
    """Variables of other scopes, misspelt ones, and words that happen to name a module."""
    assert not findings(DETECTOR, failure(raised(text)), evidence(text))


def test_a_name_that_the_test_lacks_is_not_the_modules_mistake() -> None:
    """The culprit's text does not use the name at all."""
    text = code("def f():\n    return 1\n")
    assert not findings(DETECTOR, failure("name 'np' is not defined", "NameError"), evidence(text))


def test_the_line_is_that_of_the_import_in_a_longer_file() -> None:
    """Also where the import stands inside a function."""
    text = code(
        """
        import os

        def f():
            from math import squareroot
            return squareroot(2)
        f()
        """
    )
    assert only(raised(text), text).line == line_of(text, "squareroot")
