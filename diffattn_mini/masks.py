"""Masks: booleans, True = may look. They are applied before the softmax and combine with &."""

import torch
from torch import Tensor


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
    Raises ValueError for a length out of range.

    >>> padding_mask(torch.tensor([1, 3]), 3).int().tolist()
    [[[[1, 0, 0]]], [[[1, 1, 1]]]]
    """
    if ((lengths < 1) | (lengths > keys)).any():
        raise ValueError(f"lengths must lie in 1..{keys}; they are {lengths.tolist()}")
    return (torch.arange(keys, device=lengths.device) < lengths[:, None])[:, None, None]
