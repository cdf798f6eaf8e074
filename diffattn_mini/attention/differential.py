"""Differential attention, version 1, as formulas. Numpy or torch in, the same out.

Source: Ye et al., Differential Transformer, arXiv 2410.05258. The layer with its weights is in diff_layers.py.
"""

import math
from typing import Any

import numpy as np

from ..arrays import Array, broadcast, is_eager, library, namespace, require_floats, validated_by
from .scaled import Mask, attention_weights, check_attention


def check_layer(layer: Any) -> None:
    """A layer's number is a whole number from 1 on."""
    if isinstance(layer, bool) or not isinstance(layer, int | np.integer):
        raise TypeError(f"layer must be a whole number, 1 for the first layer; it is {layer!r}")
    if layer < 1:
        raise ValueError(f"layer counts from 1; it is {layer}: add 1 to a number that counts from 0")


@validated_by(check_layer)
def lambda_init(layer: int) -> float:
    """Where lambda starts in a layer: 0.2 in the first, close to 0.8 in the deep ones.

    layer: counts from 1. Returns a value in [0.2, 0.8). Raises TypeError or ValueError for anything else.
    Source: Ye et al., 2024, section 2.1 (their code counts from 0).

    >>> [round(lambda_init(layer), 3) for layer in (1, 2, 3, 24)]
    [0.2, 0.356, 0.471, 0.799]
    """
    return 0.8 - 0.6 * math.exp(-0.3 * (layer - 1))


def check_lambda_vectors(lambda_q1: Any, lambda_k1: Any, lambda_q2: Any, lambda_k2: Any, init: Any) -> None:
    """Four vectors of one length, and a finite number."""
    vectors = dict(lambda_q1=lambda_q1, lambda_k1=lambda_k1, lambda_q2=lambda_q2, lambda_k2=lambda_k2)
    require_floats(**vectors)
    for name, x in vectors.items():
        if x.ndim != 1 or x.shape != lambda_q1.shape:
            raise ValueError(f"{name} has shape {tuple(x.shape)}; four vectors of one length (d,) are expected")
    if not math.isfinite(init):
        raise ValueError(f"init must be a finite number; it is {init}")


@validated_by(check_lambda_vectors)
def lambda_value(lambda_q1: Array, lambda_k1: Array, lambda_q2: Array, lambda_k2: Array, init: float) -> Any:
    """lambda = exp(lambda_q1 . lambda_k1) - exp(lambda_q2 . lambda_k2) + init.

    Four vectors (d,) of one dtype. Returns a number (numpy) or a tensor of shape () that carries gradients.
    Raises TypeError or ValueError when the vectors differ in length, dtype or device, or hold NaN.
    Source: Ye et al., 2024, equation 2.

    >>> e0, e1 = np.eye(2)
    >>> round(float(lambda_value(e0, 2 * e0, e1, e1, 0.3)), 6)
    4.970774
    """
    xp = namespace(lambda_q1)
    return xp.exp(lambda_q1 @ lambda_k1) - xp.exp(lambda_q2 @ lambda_k2) + init


def check_differential_attention(q1: Any, k1: Any, q2: Any, k2: Any, v: Any, lam: Any, mask: Mask = None) -> None:
    """Two pairs of queries and keys of one shape, values for the keys, and a lambda for the maps."""
    require_floats(q1=q1, k1=k1, q2=q2, k2=k2, v=v)
    for name, x, y in (("q", q1, q2), ("k", k1, k2)):
        if x.shape != y.shape:
            raise ValueError(f"{name}1 has shape {tuple(x.shape)} and {name}2 {tuple(y.shape)}; the two must be equal")
    check_attention(q1, k1, v, mask)
    xp = namespace(q1)
    if not isinstance(lam, int | float | np.number) and namespace(lam) is not xp:
        raise TypeError(f"lam is {library(lam)} and q1 is {library(q1)}; pass a number, or convert one of them")
    values = lam if namespace(lam) is not np else np.asarray(lam)
    widens = xp is np and np.result_type(lam, q1.dtype) != q1.dtype  # a numpy float64 does, Python's 0.5 does not
    if widens or (values.ndim and values.dtype != q1.dtype):
        raise TypeError(f"q1 has dtype {q1.dtype} and lam has {values.dtype}; convert one of them")
    if is_eager(values) and not namespace(values).isfinite(values).all():
        raise ValueError(f"lam must be finite; it is {lam}")
    maps = (*broadcast(q1.shape[:-2], k1.shape[:-2]), q1.shape[-2], k1.shape[-2])
    if broadcast(values.shape, maps) != maps:
        raise ValueError(f"lam has shape {tuple(values.shape)}, which does not broadcast to the maps' {maps}")


@validated_by(check_differential_attention)
def differential_attention(
    q1: Array, k1: Array, q2: Array, k2: Array, v: Array, lam: Any, mask: Mask = None
) -> tuple[Array, Array]:
    """(softmax(q1 k1^T / sqrt(d)) - lam softmax(q2 k2^T / sqrt(d))) v.

    q1, q2: (..., T, d); k1, k2: (..., S, d); v: (..., S, e), where e = 2d in the paper. lam: a number, or an array that
    broadcasts to (..., T, S). mask: as for attention_weights; each map has its own softmax under it.
    Returns the output (..., T, e) and the weights (..., T, S): in [-lam, 1], each row sums to 1 - lam.
    Raises TypeError or ValueError as attention_weights does, before any arithmetic.
    Source: Ye et al., 2024, equation 1.

    >>> x = np.zeros((2, 1))
    >>> differential_attention(x, x, x, x, np.array([[0.0], [1.0]]), 0.5)[1]
    array([[0.25, 0.25],
           [0.25, 0.25]])
    """
    weights = attention_weights(q1, k1, mask) - lam * attention_weights(q2, k2, mask)
    return weights @ v, weights
