"""Looking at live objects without running any of their code.

No `getattr`, `hasattr`, `isinstance`, `repr`, hash or comparison on anything that is the user's, its class included:
each can call user code. Dictionaries are read through the interpreter's own descriptors; `issubclass` of a built-in
class and `is` are safe.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Mapping
from typing import Any

_mro_of = type.__dict__["__mro__"].__get__
_vars_of_class = type.__dict__["__dict__"].__get__
_qualname_of_class = type.__dict__["__qualname__"].__get__
_module_of_class = type.__dict__["__module__"].__get__
_dict_of_module: Any = vars(types.ModuleType)["__dict__"]
_EMPTY: Mapping[str, Any] = types.MappingProxyType({})
_UNWRAP_LIMIT = 12


def mro(cls: type) -> tuple[type, ...]:
    """The class and its bases, whatever its metaclass defines."""
    found: tuple[type, ...] = _mro_of(cls)
    return found


def class_vars(cls: type) -> Mapping[str, Any]:
    """The class's own dictionary."""
    found: Mapping[str, Any] = _vars_of_class(cls)
    return found


def is_class(value: object) -> bool:
    """Whether `value` is a class, by its type alone."""
    return issubclass(type(value), type)


def is_module(value: object) -> bool:
    """Whether `value` is a module, by its type alone."""
    return issubclass(type(value), types.ModuleType)


def instance_vars(value: object) -> Mapping[str, Any]:
    """The dictionary of an instance or a module; empty where it has none of its own."""
    descriptor = next(
        (found for base in mro(type(value)) if (found := class_vars(base).get("__dict__")) is not None), None
    )
    if is_module(value):
        descriptor = _dict_of_module
    elif type(descriptor) is not types.GetSetDescriptorType:  # a property of that name is the user's code
        return _EMPTY
    found = descriptor.__get__(value)
    return found if type(found) is dict else _EMPTY


def exactly(value: object, *kinds: type) -> bool:
    """Whether the value's class is one of these, not one derived from them."""
    return any(type(value) is kind for kind in kinds)


def class_name(cls: type) -> str:
    """The dotted name of a class, without `builtins.`."""
    module, qualname = class_module(cls), class_qualname(cls)
    return qualname if module in ("", "builtins") else f"{module}.{qualname}"


def class_qualname(cls: type) -> str:
    """The qualified name of a class."""
    qualname: str = _qualname_of_class(cls)
    return qualname


def class_module(cls: type) -> str:
    """The name of the module that a class says it comes from, or an empty string."""
    module = _module_of_class(cls)
    return module if type(module) is str else ""


def code_of(value: object) -> types.CodeType | None:
    """The code of `function_of(value)`."""
    function = function_of(value)
    return None if function is None else function.__code__


def function_of(value: Any) -> types.FunctionType | None:
    """The function behind methods, properties, partials, `functools.wraps` and caches; None where there is none."""
    for _ in range(_UNWRAP_LIMIT):
        kind = type(value)
        if kind is types.FunctionType:
            function: types.FunctionType = value
            value = function.__dict__.get("__wrapped__")
            if value is None:
                return function
        elif kind is types.MethodType or kind is staticmethod or kind is classmethod:
            value = value.__func__
        elif kind is property:
            value = value.fget
        elif kind is functools.partial:
            value = value.func
        elif kind is functools._lru_cache_wrapper or kind is functools.cached_property:
            own = instance_vars(value)
            value = own.get("__wrapped__") or own.get("func")
        else:
            return None
    return None
