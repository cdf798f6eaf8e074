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
    from .dex import DexAdapter
    from .diff_attention import DiffAttention, DiffAttentionV2
    from .family import make_attention
    from .generation import generate, translate
    from .masks import causal_mask, padding_mask
    from .multi_head import KVCache, MultiHeadAttention
    from .positions import rotary, sinusoidal
    from .recurrent import AdditiveAttention, Recurrent, Seq2Seq
    from .transformer import Config, EncoderDecoder, MiniGPT, VisionTransformer

__version__ = "0.1.0"

_HOMES = {  # what is imported when it is first asked for
    "diff_attention": ["DiffAttention", "DiffAttentionV2"],
    "dex": ["DexAdapter"],
    "family": ["make_attention"],
    "generation": ["generate", "translate"],
    "masks": ["causal_mask", "padding_mask"],
    "multi_head": ["KVCache", "MultiHeadAttention"],
    "positions": ["rotary", "sinusoidal"],
    "recurrent": ["AdditiveAttention", "Recurrent", "Seq2Seq"],
    "transformer": ["Config", "EncoderDecoder", "MiniGPT", "VisionTransformer"],
    **{module: [module] for module in ("check", "plots", "widgets")},
}
_LAZY = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "AdditiveAttention",
    "Config",
    "DexAdapter",
    "DiffAttention",
    "DiffAttentionV2",
    "EncoderDecoder",
    "KVCache",
    "MiniGPT",
    "MultiHeadAttention",
    "Recurrent",
    "Seq2Seq",
    "VisionTransformer",
    "attention_weights",
    "causal_mask",
    "check",
    "cross_entropy",
    "differential_attention",
    "generate",
    "get_language",
    "lambda_init",
    "lambda_value",
    "log_softmax",
    "make_attention",
    "padding_mask",
    "plots",
    "rotary",
    "scaled_dot_product_attention",
    "set_language",
    "sinusoidal",
    "softmax",
    "translate",
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
