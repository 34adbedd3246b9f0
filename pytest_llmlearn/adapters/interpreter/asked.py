"""Run by the project's own interpreter, alone, with `-I -S`: tells what that interpreter is, as JSON.

Nothing is imported but parts of the interpreter itself: its standard library's compiled modules, which have no source
to be read, and few more of it. `.pth` files are read for their folders; their lines of code are not run. Written for
any Python 3, in no newer syntax than 3.6 knows.
"""

# For old interpreters too, and its standard output is the answer.
# ruff: noqa: PTH100, PTH112, PTH118, PTH119, PTH120, PTH123, PTH208, T201, UP031

import builtins
import importlib
import json
import os
import site
import sys

if False:
    from collections.abc import Iterator

CLASSES = {
    "datetime": ("date", "datetime", "time", "timedelta", "timezone"),
    "collections": ("Counter", "OrderedDict", "defaultdict", "deque"),
    "decimal": ("Decimal",),
    "re": ("Match", "Pattern"),
}
ENDINGS = (".so", ".pyd", ".dylib")
LEFT_OUT = ("_test", "_xx", "xx", "_tkinter", "_curses", "readline", "_ctypes_test")


def main() -> None:
    prefix, shared = environment()
    folders = list(sys.path)
    for folder in packages(prefix, shared):
        if folder not in folders and os.path.isdir(folder):
            folders.append(folder)
            folders.extend(one for one in linked(folder) if one not in folders)
    compiled = compiled_modules()
    # What it has loaded by now to do this is known without reading.
    compiled.update((name, module) for name, module in sys.modules.items() if name != "__main__" and module is not None)
    classes = {name: getattr(builtins, name) for name in dir(builtins) if isinstance(getattr(builtins, name), type)}
    known = {"builtins": {name: dir(value) for name, value in classes.items()}}
    for module, names in CLASSES.items():
        held = importlib.import_module(module)
        known[module] = {name: dir(getattr(held, name)) for name in names if hasattr(held, name)}
    told = {
        "version": list(sys.version_info[:2]),
        "search_path": folders,
        "site": [folder for folder in folders if os.path.basename(folder) in ("site-packages", "dist-packages")],
        "stdlib": sorted(getattr(sys, "stdlib_module_names", ()) or standard()),
        "builtin_modules": sorted(sys.builtin_module_names),
        "builtin_names": dir(builtins),
        "compiled": {name: [one for one in dir(module) if one[:1] != "_"] for name, module in compiled.items()},
        "classes": known,
    }
    print(json.dumps(told))


def environment() -> "tuple[str, bool]":
    """The environment's folder, and whether it sees the packages of the Python that it was made from."""
    place = os.path.dirname(os.path.abspath(sys.executable))
    for folder in (place, os.path.dirname(place)):
        try:
            with open(os.path.join(folder, "pyvenv.cfg"), encoding="utf-8", errors="replace") as lines:
                text = lines.read().lower().replace(" ", "")
        except OSError:
            continue
        return folder, "include-system-site-packages=true" in text
    return "", True


def packages(prefix: str, shared: bool) -> "list[str]":
    """Folders of installed packages, the environment's first."""
    found = []
    if prefix:
        major, minor = sys.version_info[:2]
        found.append(os.path.join(prefix, "lib", "python%d.%d" % (major, minor), "site-packages"))
        found.append(os.path.join(prefix, "Lib", "site-packages"))
    if shared:
        if not prefix:
            found.append(site.getusersitepackages())
        places = [sys.base_prefix, sys.base_exec_prefix]
        found.extend(site.getsitepackages(places if os.name == "nt" else [*places, "/usr/local", "/usr"]))
    return list(dict.fromkeys(found))


def linked(folder: str) -> "Iterator[str]":
    """Folders that the folder's `.pth` files add to the path."""
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".pth") or name.startswith("."):
            continue
        try:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as lines:
                entries = [line.strip() for line in lines]
        except OSError:
            continue
        for entry in entries:
            if entry and not entry.startswith(("#", "import ", "import\t")):
                target = os.path.abspath(os.path.join(folder, entry))
                if os.path.isdir(target):
                    yield target


def compiled_modules() -> "dict[str, object]":
    """The standard library's modules that have no source, imported: they are parts of the interpreter."""
    names = set(sys.builtin_module_names)
    for folder in sys.path:
        if os.path.basename(folder) in ("lib-dynload", "DLLs") and os.path.isdir(folder):
            names.update(name.partition(".")[0] for name in os.listdir(folder) if name.endswith(ENDINGS))
    found = {}  # type: dict[str, object]
    for name in sorted(names):
        if not name.startswith(LEFT_OUT):
            try:
                found[name] = importlib.import_module(name)
            except Exception:  # a library of the system that it needs is not there: then nothing is known of it
                continue
    return found


def standard() -> "set[str]":
    """What stands in the folder of the standard library, for interpreters that do not list it themselves."""
    names = set(sys.builtin_module_names)
    for name in os.listdir(os.path.dirname(os.__file__)):
        if name.endswith(".py") or "." not in name:
            names.add(name.partition(".")[0])
    return names


if __name__ == "__main__":
    main()
