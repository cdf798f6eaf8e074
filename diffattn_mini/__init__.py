"""diffattn_mini: the helper package of the book Differential attention, from scratch.

Importing it is quick: torch and matplotlib are imported only by what needs them.

>>> import diffattn_mini
>>> diffattn_mini.attention.softmax([0.0, 0.0])
array([0.5, 0.5])
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .attention.differential import differential_attention, lambda_init, lambda_value
from .attention.scaled import attention_weights, scaled_dot_product_attention
from .attention.softmax import cross_entropy, log_softmax, softmax
from .language import get_language, set_language

if TYPE_CHECKING:
    from . import check, plots, widgets
    from .attention.dex import DexAdapter
    from .attention.diff_layers import DiffAttention, DiffAttentionV2
    from .attention.family import make_attention
    from .attention.masks import causal_mask, padding_mask
    from .attention.multi_head import KVCache, MultiHeadAttention
    from .attention.positions import rotary, sinusoidal
    from .models.generation import generate, translate
    from .models.recurrent import AdditiveAttention, Recurrent, Seq2Seq
    from .models.transformer import Config, EncoderDecoder, MiniGPT, VisionTransformer

__version__ = "0.1.0"

_HOMES = {  # what is imported when it is first asked for
    "attention.dex": ["DexAdapter"],
    "attention.diff_layers": ["DiffAttention", "DiffAttentionV2"],
    "attention.family": ["make_attention"],
    "attention.masks": ["causal_mask", "padding_mask"],
    "attention.multi_head": ["KVCache", "MultiHeadAttention"],
    "attention.positions": ["rotary", "sinusoidal"],
    "models.generation": ["generate", "translate"],
    "models.recurrent": ["AdditiveAttention", "Recurrent", "Seq2Seq"],
    "models.transformer": ["Config", "EncoderDecoder", "MiniGPT", "VisionTransformer"],
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
