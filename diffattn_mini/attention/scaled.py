"""Scaled dot-product attention. Numpy or torch in, the same out."""

import math
from typing import Any

import numpy as np

from ..arrays import Array, broadcast, is_eager, library, namespace, require_floats, validated_by
from .softmax import softmax

Mask = Any  # "causal", None, or a boolean array: True = may look


def check_queries_and_keys(q: Any, k: Any, mask: Mask = None) -> None:
    """Everything that attention_weights asks of its input."""
    require_floats(q=q, k=k)
    _check_rank(q=q, k=k)
    if q.shape[-1] != k.shape[-1] or q.shape[-1] == 0:
        raise ValueError(f"q has {q.shape[-1]} features and k has {k.shape[-1]}; the two must have as many, at least 1")
    if broadcast(q.shape[:-2], k.shape[:-2]) is None:
        raise ValueError(f"q {tuple(q.shape)} and k {tuple(k.shape)} differ in the axes before the last two")
    check_mask(mask, q, _scores_shape(q, k))


def check_attention(q: Any, k: Any, v: Any, mask: Mask = None) -> None:
    """Everything that scaled_dot_product_attention asks of its input."""
    require_floats(q=q, k=k, v=v)
    check_queries_and_keys(q, k, mask)
    _check_rank(v=v)
    if v.shape[-2] != k.shape[-2]:
        raise ValueError(f"k has {k.shape[-2]} rows and v has {v.shape[-2]}; every key needs one value")
    if broadcast(_scores_shape(q, k)[:-2], v.shape[:-2]) is None:
        raise ValueError(f"v {tuple(v.shape)} and q {tuple(q.shape)} differ in the axes before the last two")


@validated_by(check_queries_and_keys)
def attention_weights(q: Array, k: Array, mask: Mask = None) -> Array:
    """How much each query looks at each key: softmax(q k^T / sqrt(d)).

    q: (..., T, d), k: (..., S, d), floats of one dtype. mask: None, "causal" (needs T = S), or booleans that broadcast
    to (..., T, S), True = may look. Returns weights (..., T, S) in [0, 1]; each row sums to 1; exactly 0 where masked.
    Raises TypeError (integers, mixed dtypes or libraries, a mask that is not boolean) and ValueError (rank, sizes,
    devices, NaN, a row with nothing to attend to) before any arithmetic.
    Source: Vaswani et al., 2017, equation 1.

    >>> q = np.zeros((3, 4))
    >>> attention_weights(q, q, mask="causal").round(2)
    array([[1.  , 0.  , 0.  ],
           [0.5 , 0.5 , 0.  ],
           [0.33, 0.33, 0.33]])
    """
    return softmax(masked(scaled_scores(q, k), mask))


@validated_by(check_attention)
def scaled_dot_product_attention(q: Array, k: Array, v: Array, mask: Mask = None) -> tuple[Array, Array]:
    """Each query takes the mean of the values, weighted by how much it looks at their keys.

    q: (..., T, d), k: (..., S, d), v: (..., S, e); mask and errors as for attention_weights, and ValueError where
    keys and values differ in number. Returns the output (..., T, e) and the weights (..., T, S).
    Source: Vaswani et al., 2017, equation 1.

    >>> q, k, v = np.zeros((1, 2)), np.zeros((2, 2)), np.array([[0.0], [4.0]])
    >>> scaled_dot_product_attention(q, k, v)
    (array([[2.]]), array([[0.5, 0.5]]))
    """
    weights = attention_weights(q, k, mask)
    return weights @ v, weights  # (..., T, S) @ (..., S, e) -> (..., T, e)


def scaled_scores(q: Array, k: Array) -> Array:
    """q k^T / sqrt(d): (..., T, d), (..., S, d) -> (..., T, S). Divided before the product: in float16 it may overflow.

    >>> scaled_scores(np.ones((1, 4)), np.ones((2, 4)))
    array([[2., 2.]])
    """
    return q / math.sqrt(q.shape[-1]) @ k.swapaxes(-2, -1)


def masked(scores: Array, mask: Mask) -> Array:
    """The scores with -inf where the mask forbids to look: softmax turns -inf into exactly 0."""
    if mask is None:
        return scores
    xp = namespace(scores)
    if isinstance(mask, str):
        mask = xp.tril(xp.ones_like(scores, dtype=bool))  # position t sees 0..t
    return xp.where(mask, scores, -math.inf)


def _scores_shape(q: Any, k: Any) -> tuple[int, ...]:
    return (*broadcast(q.shape[:-2], k.shape[:-2]), q.shape[-2], k.shape[-2])


def _check_rank(**arrays: Any) -> None:
    for name, x in arrays.items():
        if x.ndim < 2:
            raise ValueError(f"{name} has shape {tuple(x.shape)}; (..., length, features) is expected: {name}[None]?")


def check_mask(mask: Mask, q: Any, shape: tuple[int, ...]) -> None:
    """A mask for scores of that shape, (..., T, S), of the library and on the device of q."""
    if shape[-1] == 0:
        raise ValueError("k has no rows: there is nothing to attend to")
    if mask is None:
        return
    if isinstance(mask, str):
        if mask != "causal":
            raise ValueError(f'mask={mask!r}; expected "causal", None, or a boolean array')
        if shape[-2] != shape[-1]:
            sizes = f"{shape[-2]} queries and {shape[-1]} keys"
            raise ValueError(f'mask="causal" needs as many queries as keys, not {sizes}; pass a boolean array')
        return
    _check_boolean(mask, q)
    if mask.ndim == 0 or broadcast(mask.shape, shape) != shape:
        raise ValueError(f"mask has shape {tuple(mask.shape)}, which does not broadcast to the scores' {shape}")
    if is_eager(mask) and not mask.any(-1).all():
        raise ValueError("mask has a row with nothing to attend to; let every query see at least one key")


def _check_boolean(mask: Any, q: Any) -> None:
    if namespace(mask) is not namespace(q) or not hasattr(mask, "dtype"):
        raise TypeError(f"mask is {library(mask)} and q is {library(q)}; convert the mask")
    if "bool" not in str(mask.dtype):
        mend = "mask == 0 if it was made to be added to the scores, mask == 1 if it holds ones and zeros"
        raise TypeError(f"mask has dtype {mask.dtype}; booleans are expected, True = may look: {mend}")
    if namespace(q) is not np and mask.device != q.device:
        raise ValueError(f"q is on {q.device} and mask on {mask.device}; move the mask: mask.to(q.device)")
