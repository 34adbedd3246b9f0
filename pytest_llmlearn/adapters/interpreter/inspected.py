"""Run by the project's own interpreter, alone, with `-I`: imports one library module and tells what it has, as JSON.

Only where the user allows it, for importing runs the library's code. Memory and time are limited before anything is
imported. Written for any Python 3, in no newer syntax than 3.6 knows.
"""

import importlib
import inspect
import json
import os
import sys

if False:
    from collections.abc import Iterator

MEMORY = 4 * 1024**3
SECONDS = 30
CALLABLES = 800


def main() -> None:
    limit()
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the library prints is no answer
    module = importlib.import_module(sys.argv[1])
    names = [name for name in dir(module) if name[:1] != "_"]
    told = {
        "names": names if "__getattr__" not in vars(module) else None,
        "signatures": dict(signatures(module, names)),
    }  # type: dict[str, object]
    print(json.dumps(told), file=answer, flush=True)
    os._exit(0)  # what the library would do at its end is not waited for


def limit() -> None:
    try:
        import resource
    except ImportError:  # Windows: the time is limited from outside
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def signatures(module: object, names: "list[str]") -> "Iterator[tuple[str, list[object]]]":
    for name in names[:CALLABLES]:
        value = vars(module).get(name)
        if not callable(value):
            continue
        try:
            parameters = list(inspect.signature(value).parameters.values())
        except Exception:  # compiled without a signature, or one that cannot be read: nothing is known of it
            continue
        by_place = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
        by_name = [one for one in parameters if one.kind == one.KEYWORD_ONLY]
        yield (
            name,
            [
                [one.name for one in by_place],
                [one.name for one in by_place + by_name if one.default is one.empty],
                [one.name for one in by_name],
                any(one.kind == one.VAR_POSITIONAL for one in parameters),
                any(one.kind == one.VAR_KEYWORD for one in parameters),
            ],
        )


if __name__ == "__main__":
    main()
