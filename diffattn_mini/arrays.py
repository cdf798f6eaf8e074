"""Numpy arrays and torch tensors through one door. Torch is never imported here: a tensor has already brought it."""

import functools
import math
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

if TYPE_CHECKING:
    import torch

Array = TypeVar("Array", np.ndarray, "torch.Tensor")
P = ParamSpec("P")
R = TypeVar("R")


def validated_by(validate: Callable[P, object]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Run `validate` with the same arguments first: the function's own body can then stay as short as its formula."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            validate(*args, **kwargs)
            return function(*args, **kwargs)

        return checked

    return decorate


def namespace(x: object) -> ModuleType:
    """The module whose functions fit x: torch for a tensor, numpy for everything else."""
    torch = sys.modules.get("torch")
    return torch if torch is not None and isinstance(x, torch.Tensor) else np


def is_eager(x: object) -> bool:
    """Whether x is an array whose numbers are at hand.

    They are not while torch traces a model (compile, export), inside torch.func, which may run a whole batch as one
    text, and on the device "meta". There no test of values can be answered, so that none is made, and no shortcut taken
    that torch cannot look into.
    """
    torch = namespace(x)
    if torch is np:
        return True
    inside = torch._C._functorch.peek_interpreter_stack
    return not (torch.compiler.is_compiling() or x.is_meta or inside() is not None)


def library(x: object) -> str:
    """How an error names what came: 'a numpy array', 'a torch tensor', or its type."""
    if namespace(x) is not np:
        return "a torch tensor"
    return "a numpy array" if isinstance(x, np.ndarray) else f"of type {type(x).__name__}"


def is_float(x: Any) -> bool:
    return x.is_floating_point() if namespace(x) is not np else np.issubdtype(x.dtype, np.floating)


def is_integer(x: Any) -> bool:
    return x.dtype.kind in "iu" if namespace(x) is np else not (is_float(x) or x.is_complex() or "bool" in str(x.dtype))


def lie_within(x: Any, least: int, most: int) -> bool:
    """Whether all integers of x lie in least..most; True where nobody can tell."""
    if not is_eager(x):
        return True
    x = x if namespace(x) is np else x.long()  # a uint8 would take 300 for 44
    return bool(((x >= least) & (x <= most)).all())


def check_count(name: str, value: Any) -> int:
    """A whole number from 1 on, numpy's integers included, as a plain int."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name} must be a whole number from 1 on; it is {value!r}")
    return int(value)


def check_positive(name: str, value: Any, example: str) -> float:
    """A finite number above 0, numpy's numbers included, as a plain float."""
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not number or not 0 < value < math.inf:
        raise ValueError(f"{name} must be a positive number, {example} for instance; it is {value!r}")
    return float(value)


def to_floats(x: Any, name: str = "x") -> Any:
    """Lists, numbers and integers become floats; floats keep their dtype; anything else is refused."""
    xp = namespace(x)
    if xp is np:
        try:
            x = np.asarray(x)
        except ValueError:
            raise ValueError(f"{name} is ragged: all its rows must have the same length") from None
        if x.dtype.kind in "biu":
            x = x.astype(float)
    elif not is_float(x) and not x.is_complex():
        x = x.to(xp.get_default_dtype())
    if not is_float(x):
        raise TypeError(f"{name} has dtype {x.dtype}; real numbers are expected")
    return x


def require_floats(**arrays: Any) -> None:
    """Refuse anything but finite float arrays of one library, one dtype and one device. The arguments name them."""
    first, reference = next(iter(arrays.items()))
    for name, x in arrays.items():
        if namespace(x) is np and not isinstance(x, np.ndarray):
            raise TypeError(f"{name} must be a numpy array or a torch tensor; it is {library(x)}: np.asarray({name})?")
        if namespace(x) is not namespace(reference):
            raise TypeError(f"{first} is {library(reference)} and {name} is {library(x)}; convert one of them")
        if not is_float(x):
            mend = f"{name}.astype(float)" if namespace(x) is np else f"{name}.float()"
            raise TypeError(f"{name} has dtype {x.dtype}; floats are expected: {mend}")
        if x.dtype != reference.dtype:
            raise TypeError(f"{first} has dtype {reference.dtype} and {name} has {x.dtype}; convert one of them")
        if namespace(x) is not np and x.device != reference.device:
            raise ValueError(f"{first} is on {reference.device} and {name} on {x.device}; move one: {name}.to(...)")
    for name, x in arrays.items():
        if is_eager(x) and not namespace(x).isfinite(x).all():
            raise ValueError(f"{name} holds NaN or infinity, which would spread to the output; look at how it was made")


def broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...] | None:
    """The common shape, or None where there is none: as numpy's, also for sizes that torch traces as unknown."""
    a, b = (1,) * (len(b) - len(a)) + tuple(a), (1,) * (len(a) - len(b)) + tuple(b)
    if a == b:
        return a
    pairs = list(zip(a, b, strict=True))
    return tuple(n if m == 1 else m for m, n in pairs) if all(m == n or 1 in (m, n) for m, n in pairs) else None
