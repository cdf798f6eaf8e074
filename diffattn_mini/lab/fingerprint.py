"""What a value is and what a function does, as a hash: the same in another process, another after any change."""

import builtins
import copyreg
import dis
import functools
import hashlib
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, GetSetDescriptorType, MemberDescriptorType, MethodType
from types import ModuleType as Module
from typing import Any

import torch
from torch import Tensor

PACKAGE = Path(__file__).parents[1]
_CODE = (FunctionType, BuiltinFunctionType, MethodType, Module, type, property, staticmethod, classmethod,
         functools.partial, functools.cached_property)  # fmt: skip
_ATOMS = {type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented)}
_OF_NO_CONSEQUENCE = {"__doc__", "__module__", "__qualname__", "__dict__", "__weakref__", "__firstlineno__",
                      "__static_attributes__", "__annotations__", "__annotate_func__", "__annotations_cache__",
                      "__dataclass_fields__", "__dataclass_params__", "__orig_bases__", "__parameters__",
                      "__type_params__", "__abstractmethods__", "_abc_impl"}  # fmt: skip


class Reader:
    """Reads things to the end: hash(thing) for what is handed over, in `outside` one for each variable on the way.

    Values are read exactly: every number of an array, every field of an object. Of a function count its instructions,
    its constants and all that it reaches: functions, classes with their bases and members, modules; its comments and
    its docstring do not. What a library has is told by its name and version, what this package has by its module's
    source. A variable that code reads (a global, a cell, a default, an attribute of a class) and that holds data is no
    part of the hash of the code: code may change it, as a list that it appends to. Those stand in `outside`.

    >>> a, b = Reader(), Reader()
    >>> a.hash([1, 2.0]) == b.hash([1, 2.0]), a.hash([1, 2.0]) == b.hash([1, 2])
    (True, False)
    """

    def __init__(self):
        self.outside: dict[str, list[str]] = {}
        self._known: dict[int, str] = {}
        self._alive: list[Any] = []  # what has been read keeps its id

    def hash(self, thing: Any) -> str:
        """Raises TypeError for what cannot be read to the end, as an open file."""
        if _is_plain(thing):
            return hashlib.sha256(repr(thing).encode()).hexdigest()
        if id(thing) not in self._known:
            self._alive.append(thing)
            self._known[id(thing)] = "itself"  # as it is met inside itself
            found = hashlib.sha256()
            for part in self._parts(thing):
                part = part if isinstance(part, bytes) else part.encode()
                found.update(b"%d:" % len(part) + part)
            self._known[id(thing)] = found.hexdigest()
        return self._known[id(thing)]

    def _parts(self, x: Any) -> Iterator[str | bytes]:
        yield type(x).__qualname__
        if isinstance(x, FunctionType):
            yield from self._function(x)
        elif origin := _origin_of(x):
            yield from (x.__module__, x.__qualname__, origin)
            if isinstance(x, type):
                yield from map(self.hash, x.__bases__)
                for name, member in sorted(vars(x).items()):  # a method that the notebook has put in
                    if isinstance(member, FunctionType) and not _origin(member.__globals__.get("__name__", "")):
                        yield from (name, self.hash(member))
        elif isinstance(x, type):
            yield from (x.__qualname__, self.hash(type(x)), *map(self.hash, x.__bases__))
            for name, member in sorted(vars(x).items()):
                if name not in _OF_NO_CONSEQUENCE:
                    yield from (name, self._variable(f"{x.__qualname__}.{name}", member))
        elif isinstance(x, Module):
            yield from self._module(x)
        elif isinstance(x, CodeType):
            yield from self._instructions(x)
        elif type(x) in (tuple, list):
            yield from map(self.hash, x)
        elif type(x) is dict:
            yield from (self.hash(part) for pair in x.items() for part in pair)
        elif isinstance(x, set | frozenset):
            yield from sorted(map(self.hash, x))  # a set has no order
        elif isinstance(x, Tensor):
            if x.layout != torch.strided or x.is_quantized or x.is_meta:
                raise TypeError(f"a {x.layout} tensor of {x.dtype} on {x.device} cannot be told exactly")
            numbers = x.detach().cpu().resolve_conj().resolve_neg().contiguous().reshape(-1).view(torch.uint8)
            yield from (str(x.dtype), str(tuple(x.shape)), str(x.requires_grad), numbers.numpy().tobytes())
        elif isinstance(x, property):
            yield from map(self.hash, (x.fget, x.fset, x.fdel))
        elif isinstance(x, staticmethod | classmethod | MethodType):
            yield self.hash(x.__func__)
            if isinstance(x, MethodType):
                yield self._variable(x.__qualname__, x.__self__)
        elif isinstance(x, functools.cached_property):
            yield self.hash(x.func)
        elif isinstance(x, GetSetDescriptorType | MemberDescriptorType):
            yield x.__name__
        elif not isinstance(x, functools.partial) and isinstance(getattr(x, "__wrapped__", None), FunctionType):
            yield self.hash(x.__wrapped__)  # functools.cache and the like
        else:
            yield from self._object(x)

    def _function(self, x: FunctionType) -> Iterator[str | bytes]:
        code, docstring, module = x.__code__, x.__doc__, x.__globals__.get("__name__", "")
        if origin := _origin(module):
            yield from (origin, module, code.co_qualname, str(code.co_firstlineno))
            if "<locals>" not in code.co_qualname:
                return
        else:
            if docstring is not None and code.co_consts[:1] == (docstring,):
                code = code.replace(co_consts=(None, *code.co_consts[1:]))
            yield self.hash(code)
            names, modules = _reached(code)
            for name in names:
                if name in x.__globals__:
                    yield from (name, self._variable(f"{module}.{name}", x.__globals__[name]))
                elif not hasattr(builtins, name):
                    yield from (name, "is not there")
            yield from map(self.hash, modules)
            for name, value in sorted(vars(x).items()):
                if name != "__wrapped__":  # that one is in the closure, where it is called
                    yield from (name, self._variable(f"{x.__qualname__}.{name}", value))
        for name, cell in zip(code.co_freevars, x.__closure__ or (), strict=True):
            try:
                yield from (name, self._variable(f"{x.__qualname__}.{name}", cell.cell_contents))
            except ValueError:
                yield from (name, "is empty")
        for i, value in enumerate(x.__defaults__ or ()):
            yield self._variable(f"{x.__qualname__}({i})", value)
        for name, value in sorted((x.__kwdefaults__ or {}).items()):
            yield from (name, self._variable(f"{x.__qualname__}({name})", value))

    def _instructions(self, x: CodeType) -> Iterator[str | bytes]:
        yield from (x.co_code, x.co_exceptiontable)
        for part in (x.co_argcount, x.co_posonlyargcount, x.co_kwonlyargcount, x.co_flags, x.co_names, x.co_varnames,
                     x.co_freevars, x.co_cellvars, x.co_consts):  # fmt: skip
            yield self.hash(part)

    def _module(self, x: Module) -> Iterator[str | bytes]:
        yield x.__name__
        if origin := _origin(x.__name__):
            yield origin
        else:  # a file beside the notebook
            yield Path(x.__file__).read_bytes() if getattr(x, "__file__", None) else b""
            for name, member in sorted(vars(x).items()):
                if isinstance(member, _CODE):
                    yield from (name, self.hash(member))

    def _object(self, x: Any) -> Iterator[str | bytes]:
        """As pickle takes it apart."""
        try:
            reduce = copyreg.dispatch_table.get(type(x))
            parts = reduce(x) if reduce else x.__reduce_ex__(4)
        except Exception as error:
            raise TypeError(f"an object of type {type(x).__qualname__} cannot be told exactly: {error}") from error
        if isinstance(parts, str):
            yield from (type(x).__module__, parts)
            return
        make, arguments, state, items, pairs = (*parts, None, None, None)[:5]
        if isinstance(state, dict):  # what the object has worked out for itself follows from the rest
            state = {name: value for name, value in state.items()
                     if not isinstance(getattr(type(x), str(name), None), functools.cached_property)}  # fmt: skip
        yield from map(self.hash, (make, *arguments, state, list(items or ()), list(pairs or ())))

    def _variable(self, name: str, value: Any) -> str:
        if isinstance(value, _CODE) or isinstance(getattr(value, "__wrapped__", None), FunctionType):
            return self.hash(value)
        try:
            self.outside.setdefault(name, []).append(self.hash(value))
        except TypeError as error:
            raise TypeError(f"{name}: {error}") from error
        return name


def _is_plain(x: Any) -> bool:
    """Is its text all that it is? Then it is told in one go: a lesson holds a million words."""
    kind = type(x)
    if kind in (tuple, list):
        return all(map(_is_plain, x))
    return kind in _ATOMS or (kind is dict and all(map(_is_plain, x)) and all(map(_is_plain, x.values())))


def _origin_of(x: Any) -> str | None:
    """The origin of what a library or this package has under its name; None for anything else."""
    module, names = getattr(x, "__module__", None), getattr(x, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(names, str):
        return None
    found = sys.modules.get(module)
    for name in names.split("."):
        found = getattr(found, name, None)
    return _origin(module) if found is x else None


def _origin(module: str) -> str | None:
    """The version of a library, the source of a module of this package; None for a notebook and what lies beside it."""
    found, (top, _, inner) = sys.modules.get(module), module.partition(".")
    if found is None or module == "__main__":
        return None
    if getattr(found, "__file__", None) is None:
        return _origin(top) if inner else "built in" if top in sys.stdlib_module_names else None
    path = Path(found.__file__)
    if path.is_relative_to(PACKAGE):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    installed = {"site-packages", "dist-packages"} & set(path.parts)
    if installed or path.is_relative_to(sysconfig.get_path("stdlib")):
        return str(getattr(sys.modules.get(top), "__version__", "installed"))
    return None


def _reached(code: CodeType) -> tuple[list[str], list[Module]]:
    """The global names that a function's code and the code inside it read, and the modules it imports."""
    names, modules = set(), {}
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"):
            names.add(step.argval)
        elif step.opname == "IMPORT_NAME":
            with suppress(Exception):  # what fails here fails when the code runs, or is caught there
                modules[step.argval] = import_module(step.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            more, others = _reached(constant)
            names.update(more)
            modules |= {module.__name__: module for module in others}
    return sorted(names), [modules[name] for name in sorted(modules)]
