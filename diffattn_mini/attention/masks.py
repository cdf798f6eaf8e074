"""Masks: booleans, True = may look. They are applied before the softmax and combine with &."""

import torch
from torch import Tensor

from ..arrays import is_integer, lie_within


def causal_mask(length: int, keys: int | None = None, device: torch.device | str | None = None) -> Tensor:
    """Position t sees what came before it, and itself.

    With more keys than queries the queries are the last of them, as when a cache holds the first keys.
    Returns booleans (length, keys). Raises ValueError if there are fewer keys than queries.

    >>> causal_mask(2, 3).int().tolist()
    [[1, 1, 0], [1, 1, 1]]
    """
    keys = length if keys is None else keys
    if keys < length:
        raise ValueError(f"keys={keys} and length={length}; a causal mask needs at least as many keys as queries")
    return torch.ones(length, keys, dtype=torch.bool, device=device).tril(keys - length)


def padding_mask(lengths: Tensor, keys: int) -> Tensor:
    """Hide the padding behind the end of each sentence from every query.

    lengths: integers (B,), each from 1 to keys. Returns booleans (B, 1, 1, keys), for maps (B, h, T, keys).
    Raises TypeError for anything but a tensor of integers, ValueError for another rank and a length out of range.

    >>> padding_mask(torch.tensor([1, 3]), 3).int().tolist()
    [[[[1, 0, 0]]], [[[1, 1, 1]]]]
    """
    check_lengths(lengths, keys)
    return (torch.arange(keys, device=lengths.device) < lengths[:, None])[:, None, None]


def check_lengths(lengths: Tensor, keys: int, x: Tensor | None = None) -> None:
    """Integers (B,) in 1..keys; where x is given, one for every row of it, on its device."""
    if not isinstance(lengths, Tensor):
        raise TypeError(f"lengths must be a tensor of integers, not {type(lengths).__name__}: torch.tensor(lengths)")
    if not is_integer(lengths):
        raise TypeError(f"lengths has dtype {lengths.dtype}; integers are expected: lengths.long()")
    if lengths.ndim != 1 or (x is not None and len(lengths) != len(x)):
        rows = "B" if x is None else len(x)
        raise ValueError(f"lengths has shape {tuple(lengths.shape)}; ({rows},) is expected, one length a sentence")
    if x is not None and lengths.device != x.device:
        raise ValueError(f"lengths is on {lengths.device} and the sentences on {x.device}; move one of them")
    if not lie_within(lengths, 1, keys):
        raise ValueError(f"lengths must lie in 1..{keys}; they are {lengths.tolist()}")
