"""attention_weights and scaled_dot_product_attention against torch, and every input they refuse."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from diffattn_mini import attention_weights, scaled_dot_product_attention
from diffattn_mini.arrays import broadcast


def draws(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes]


def visible_somewhere(shape, seed=0):
    mask = np.random.default_rng(seed).random(shape) < 0.5
    mask[..., 0] = True
    return mask


SHAPES = [
    ((4, 3), (4, 3), (4, 5)),
    ((2, 6, 4, 3), (2, 6, 4, 3), (2, 6, 4, 6)),
    ((2, 1, 5, 8), (1, 3, 5, 8), (1, 3, 5, 1)),
]


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("mask", [None, "causal", "boolean"])
def test_output_equals_that_of_torch(shapes, mask):
    q, k, v = draws(*shapes)
    if mask == "boolean":
        mask = visible_somewhere((q.shape[-2], k.shape[-2]))
    output, weights = scaled_dot_product_attention(q, k, v, mask)
    qt, kt, vt = map(torch.from_numpy, (q, k, v))
    leading = output.shape[:-2]
    expected = F.scaled_dot_product_attention(
        qt.expand(*leading, *q.shape[-2:]), kt.expand(*leading, *k.shape[-2:]), vt.expand(*leading, *v.shape[-2:]),
        attn_mask=torch.from_numpy(mask) if isinstance(mask, np.ndarray) else None, is_causal=isinstance(mask, str),
    )  # fmt: skip
    np.testing.assert_allclose(output, expected, atol=1e-12)
    np.testing.assert_allclose(weights.sum(-1), 1)

    tensor_mask = torch.from_numpy(mask) if isinstance(mask, np.ndarray) else mask
    output, weights = scaled_dot_product_attention(qt, kt, vt, tensor_mask)
    torch.testing.assert_close(output, expected)


def test_queries_and_keys_may_differ_in_number():
    q, k, v = draws((3, 4), (7, 4), (7, 2))
    output, weights = scaled_dot_product_attention(q, k, v, visible_somewhere((3, 7)))
    assert output.shape == (3, 2) and weights.shape == (3, 7)
    assert (weights[~visible_somewhere((3, 7))] == 0).all()


def test_a_mask_may_say_the_same_for_all_queries():
    q, k = draws((2, 3, 4), (2, 5, 4))
    padding = np.array([[[True, True, False, False, True]], [[True, False, False, False, False]]])
    weights = attention_weights(q, k, padding)
    assert (weights[0][:, [2, 3]] == 0).all() and (weights[1][:, 0] == 1).all()


def test_large_scores_stay_finite():
    q, k, v = (1e3 * x for x in draws((4, 8), (4, 8), (4, 2)))
    output, _ = scaled_dot_product_attention(q, k, v, "causal")
    assert np.isfinite(output).all()


@pytest.mark.parametrize("library", [np.asarray, torch.tensor])
def test_in_half_precision_a_dot_product_that_only_its_root_makes_small_enough_spoils_nothing(library):
    """q . k = 80,000 is beyond float16; q . k / sqrt(32) = 14,142 is not."""
    q, k, v = np.full((4, 32), 50.0), np.full((4, 32), 50.0), draws((4, 3))[0]
    q[1], k[2] = 0, -50
    expected, weights = scaled_dot_product_attention(q, k, v, "causal")
    came = scaled_dot_product_attention(*(library(x.astype(np.float16)) for x in (q, k, v)), "causal")
    for half, exact in zip(came, (expected, weights), strict=True):
        assert "float16" in str(half.dtype)
        np.testing.assert_allclose(half, exact, atol=2e-3)


def test_gradients_are_those_of_finite_differences_under_a_mask():
    q, k, v = (torch.from_numpy(x).requires_grad_() for x in draws((2, 3, 4), (2, 3, 4), (2, 3, 2)))
    assert torch.autograd.gradcheck(lambda *args: scaled_dot_product_attention(*args, "causal"), (q, k, v))


SHAPE = st.lists(st.integers(0, 3), max_size=4).map(tuple)


@given(SHAPE, SHAPE)
def test_shapes_broadcast_as_those_of_numpy(a, b):
    try:
        expected = np.broadcast_shapes(a, b)
    except ValueError:
        expected = None
    assert broadcast(a, b) == expected


X = np.ones((3, 4))
LAST_ROW_SEES_NOTHING = np.tri(3, dtype=bool) & (np.arange(3) < 2)[:, None]
REFUSED = {
    "lists": ((X.tolist(), X, X), TypeError, "q must be a numpy array"),
    "integers": ((X.astype(int), X, X), TypeError, r"q has dtype .*int64.*q\.(astype\(float\)|float\(\))"),
    "booleans": ((X, X > 0, X), TypeError, "k has dtype .*bool"),
    "complex numbers": ((X, X, X * 1j), TypeError, "v has dtype .*complex128"),
    "mixed dtypes": ((X, X.astype(np.float32), X), TypeError, "float64 and k has .*float32"),
    "mixed libraries": ((X, X, torch.from_numpy(X)), TypeError, "q is a .* and v is a .*convert one of them"),
    "NaN": ((X, X * math.nan, X), ValueError, "k holds NaN"),
    "infinity": ((X, X, X * math.inf), ValueError, "v holds NaN or infinity"),
    "one axis": ((X[0], X, X), ValueError, r"q has shape \(4,\)"),
    "values with one axis": ((X, X, X[0]), ValueError, r"v has shape \(4,\)"),
    "features that differ": ((X, X[:, :3], X), ValueError, "q has 4 features and k has 3"),
    "no features": ((X[:, :0], X[:, :0], X), ValueError, "at least 1"),
    "a key without a value": ((X, X, X[:2]), ValueError, "k has 3 rows and v has 2"),
    "batches that differ": ((X[None][[0, 0]], X[None][[0, 0, 0]], X), ValueError, "before the last two"),
    "values of another batch": ((X[None][[0, 0]], X, X[None][[0, 0, 0]]), ValueError, "before the last two"),
    "no keys": ((X, X[:0], X[:0]), ValueError, "nothing to attend to"),
    "an unknown name": ((X, X, X, "casual"), ValueError, "mask='casual'"),
    "causal, not square": ((X, X[:2], X[:2], "causal"), ValueError, "as many queries as keys"),
    "a mask of floats": ((X, X, X, np.zeros((3, 3))), TypeError, "mask has dtype .*float64.*mask == 0"),
    "a mask of integers": ((X, X, X, np.ones((3, 3), int)), TypeError, "mask has dtype .*int64.*mask == 1"),
    "a mask that is a list": ((X, X, X, [[True] * 3] * 3), TypeError, "mask is of type list"),
    "a mask that is a bool": ((X, X, X, True), TypeError, "mask is of type bool"),
    "a mask of the other library": ((X, X, X, torch.ones(3, 3).bool()), TypeError, "mask is a .*convert the mask"),
    "a mask of the wrong shape": ((X, X, X, np.ones((3, 4), bool)), ValueError, r"mask has shape \(3, 4\)"),
    "a mask with too many axes": ((X, X, X, np.ones((2, 3, 3), bool)), ValueError, r"does not broadcast to.*\(3, 3\)"),
    "a row with nothing to see": ((X, X, X, LAST_ROW_SEES_NOTHING), ValueError, "nothing to attend to"),
}  # fmt: skip


def other_library(a):
    return a.numpy() if isinstance(a, torch.Tensor) else torch.from_numpy(a)


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_bad_input_is_refused_before_any_arithmetic(what, library, monkeypatch):
    args, error, says = REFUSED[what]
    if library == "torch":
        args = [other_library(a) if hasattr(a, "dtype") else a for a in args]
    monkeypatch.setattr("diffattn_mini.attention.scaled.softmax", None)  # arithmetic would fail in another way
    with pytest.raises(error, match=says):
        scaled_dot_product_attention(*args)


def test_tensors_on_two_devices_are_refused():
    x, far = torch.ones(3, 4), torch.ones(3, 4, device="meta")
    with pytest.raises(ValueError, match="q is on cpu and k on meta"):
        attention_weights(x, far)
    with pytest.raises(ValueError, match="mask on meta"):
        attention_weights(x, x, torch.ones(3, 3, dtype=torch.bool, device="meta"))
