"""diffattn_mini: the helper package of the book Differential attention, from scratch.

Importing it is quick: torch and matplotlib are imported only by what needs them.

>>> import diffattn_mini
>>> diffattn_mini.softmax([0.0, 0.0])
array([0.5, 0.5])
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .attention import attention_weights, scaled_dot_product_attention
from .differential import differential_attention, lambda_init, lambda_value
from .language import get_language, set_language

# Not lazy: the function shares its module's name, and importing the module later would put the module in its place.
from .softmax import cross_entropy, log_softmax, softmax

if TYPE_CHECKING:
    from . import check, plots, widgets
    from .diff_attention import DiffAttention

__version__ = "0.1.0"

_LAZY = {"DiffAttention": "diff_attention", "check": "check", "plots": "plots", "widgets": "widgets"}

__all__ = [
    "DiffAttention",
    "attention_weights",
    "check",
    "cross_entropy",
    "differential_attention",
    "get_language",
    "lambda_init",
    "lambda_value",
    "log_softmax",
    "plots",
    "scaled_dot_product_attention",
    "set_language",
    "softmax",
    "widgets",
]


def __getattr__(name: str):
    if name not in _LAZY:
        raise AttributeError(f"module 'diffattn_mini' has no attribute {name!r}")
    module = import_module(f"{__name__}.{_LAZY[name]}")
    value = module if _LAZY[name] == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])
