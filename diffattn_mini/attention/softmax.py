"""Softmax, its logarithm, and the loss made of it. Numpy or torch in, the same out."""

from typing import Any

import numpy as np

from ..arrays import is_eager, is_integer, lie_within, namespace, to_floats


def softmax(x: Any, axis: int = -1) -> Any:
    """Turn scores into positive weights that sum to one along an axis.

    x: scores of any shape (array, tensor, or nested lists; integers become floats). -inf means weight 0.
    Returns weights in [0, 1], the shape of x.
    Raises TypeError if x is not real numbers; ValueError if x has no such axis, or if a slice holds NaN or +inf,
    is empty, or is -inf throughout (nothing to share out the weight to).
    Source: Bridle, 1990.

    >>> softmax([2.0, 1.0, -1.0, 0.0]).round(3)
    array([0.644, 0.237, 0.032, 0.087])
    >>> softmax([1000.0, 1000.0])
    array([0.5, 0.5])
    """
    x, top = _shifted(x, axis)
    if namespace(x) is not np:
        return x.softmax(axis)
    e = np.exp(x - top)  # the largest exponent is 0: nothing overflows, and the sum is at least 1
    return (e / _total(e, axis)).astype(e.dtype, copy=False)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """The logarithm of softmax, without ever taking the logarithm of a weight that rounded to zero.

    x: scores of any shape, as for softmax; the same errors. Returns values <= 0, the shape of x.

    >>> log_softmax([0.0, 800.0])
    array([-800.,    0.])
    """
    x, top = _shifted(x, axis)
    if namespace(x) is not np:
        return x.log_softmax(axis)
    x = x - top
    return (x - np.log(_total(np.exp(x), axis))).astype(x.dtype, copy=False)


def cross_entropy(scores: Any, target: Any) -> Any:
    """-log softmax(scores)[target]: the price of having given the right class that weight.

    scores: (..., n), as for softmax. target: integers in 0..n-1, of shape (...); a plain int for one row of scores.
    Returns losses >= 0, the shape of target; take the mean yourself.
    Raises TypeError for a target that is not integers; ValueError for one of the wrong shape or out of range.

    >>> cross_entropy([[0.0, 0.0], [0.0, 800.0]], [0, 0]).round(3)
    array([6.93e-01, 8.00e+02])
    """
    logs = log_softmax(scores)
    xp = namespace(logs)
    target = np.asarray(target) if xp is np else xp.as_tensor(target, device=logs.device)
    _check_target(target, logs.shape)
    if xp is np:
        return -np.take_along_axis(logs, target[..., None], axis=-1)[..., 0]
    return -logs.gather(-1, target.long()[..., None])[..., 0]


def _total(e: np.ndarray, axis: int) -> np.ndarray:
    """The sum along the axis, in float32 at least: a float16 ends at 65,504, fewer than a row may have scores."""
    return e.sum(axis=axis, keepdims=True, dtype=np.promote_types(e.dtype, np.float32))


def _shifted(x: Any, axis: int) -> tuple[Any, Any]:
    """x as floats, and its maximum along the axis, once both are known to be fit for a softmax."""
    x = to_floats(x)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"axis={axis}, but x has {x.ndim} axes (shape {tuple(x.shape)})")
    if x.shape[axis] == 0:
        raise ValueError(f"x has shape {tuple(x.shape)}: along axis {axis} there is nothing to share out")
    top = namespace(x).amax(x, axis, keepdims=True)
    if is_eager(x) and not namespace(x).isfinite(top).all():
        raise ValueError("x holds NaN, +inf, or a slice of nothing but -inf; softmax would give NaN there")
    return x, top


def _check_target(target: Any, shape: tuple[int, ...]) -> None:
    if not is_integer(target):
        raise TypeError(f"target has dtype {target.dtype}; integers are expected, the index of the right class")
    if tuple(target.shape) != tuple(shape[:-1]):
        raise ValueError(f"target has shape {tuple(target.shape)}; one class a row, {tuple(shape[:-1])}, is expected")
    if not lie_within(target, 0, shape[-1] - 1):
        raise ValueError(f"target must lie in 0..{shape[-1] - 1}: there are {shape[-1]} scores in a row")
