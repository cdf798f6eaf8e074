"""softmax, log_softmax and cross_entropy against torch and against calculus."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch.nn import functional as F

from diffattn_mini import cross_entropy, log_softmax, softmax

scores = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=1, max_dims=4, max_side=5),
    elements=st.floats(-1e4, 1e4, allow_subnormal=False),
)


@st.composite
def scores_and_axis(draw):
    x = draw(scores)
    return x, draw(st.integers(-x.ndim, x.ndim - 1))


@given(scores_and_axis())
def test_softmax_and_its_logarithm_equal_those_of_torch_on_any_axis_up_to_ten_thousand(case):
    x, axis = case
    np.testing.assert_allclose(softmax(x, axis), torch.softmax(torch.from_numpy(x), axis), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(log_softmax(x, axis), torch.log_softmax(torch.from_numpy(x), axis), rtol=1e-12)


@given(scores_and_axis())
def test_weights_are_shares_of_one_whatever_the_scores(case):
    x, axis = case
    weights = softmax(x, axis)
    assert weights.shape == x.shape and (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis), 1, rtol=1e-12)


@given(scores, st.floats(-1e3, 1e3))
def test_only_differences_between_scores_matter(x, shift):
    np.testing.assert_allclose(softmax(x + shift), softmax(x), atol=1e-11)


@given(hnp.arrays(np.float64, st.integers(1, 6), elements=st.floats(-20, 20)), st.data())
def test_the_gradient_of_cross_entropy_is_weights_minus_one_hot_by_finite_differences(x, data):
    target = data.draw(st.integers(0, len(x) - 1))
    h, steps = 1e-5, np.eye(len(x))
    numeric = [(cross_entropy(x + h * e, target) - cross_entropy(x - h * e, target)) / (2 * h) for e in steps]
    np.testing.assert_allclose(numeric, softmax(x) - steps[target], atol=1e-8)


def test_torch_gradients_flow_through_softmax_and_cross_entropy():
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: softmax(x, 0), x)
    assert torch.autograd.gradcheck(lambda x: cross_entropy(x, torch.tensor([0, 3, 1])), x)


def test_cross_entropy_of_a_batch_equals_that_of_torch_row_by_row():
    x, target = torch.randn(2, 5, 7), torch.randint(7, (2, 5))
    expected = F.cross_entropy(x.flatten(0, 1), target.flatten(), reduction="none").view(2, 5)
    torch.testing.assert_close(cross_entropy(x, target), expected)
    np.testing.assert_allclose(cross_entropy(x.numpy(), target.numpy()), expected, rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_what_goes_in_comes_out(dtype):
    assert softmax(np.zeros(3, dtype)).dtype == dtype
    assert softmax(torch.from_numpy(np.zeros(3, dtype))).numpy().dtype == dtype


def test_a_row_of_more_scores_than_a_float16_can_count_still_sums_to_one():
    x = np.zeros(100_000, np.float16)  # a sum of ones ends at 65,504
    np.testing.assert_allclose(softmax(x), torch.from_numpy(x).softmax(-1), rtol=1e-2)
    np.testing.assert_allclose(log_softmax(x), -math.log(100_000), rtol=1e-3)
    assert softmax(x).dtype == log_softmax(x).dtype == np.float16


@pytest.mark.parametrize("make", [np.array, torch.tensor])
@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32"])
def test_classes_may_be_small_integers_which_know_no_300(make, dtype):
    scores = np.random.default_rng(0).normal(size=(2, 300))
    target = np.array([3, 120])
    small = make(target).astype(dtype) if make is np.array else make(target).to(getattr(torch, dtype))
    np.testing.assert_allclose(cross_entropy(make(scores), small), cross_entropy(scores, target))
    with pytest.raises(ValueError, match=r"target must lie in 0\.\.99"):
        cross_entropy(make(scores[:, :100]), small)


@pytest.mark.parametrize("x", [[1, 2, 3], (1.0, 2, 3), np.array([1, 2, 3]), np.array([1, 2, 3], np.uint8)])
def test_lists_and_integers_become_floats(x):
    np.testing.assert_allclose(softmax(x), np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum())


def test_integer_tensors_become_floats_of_the_default_dtype():
    assert softmax(torch.arange(3)).dtype == torch.get_default_dtype()


def test_a_score_of_minus_infinity_gets_exactly_zero():
    assert softmax([0.0, -math.inf, 0.0]).tolist() == [0.5, 0.0, 0.5]


@pytest.mark.parametrize("make", [np.array, torch.tensor])
@pytest.mark.parametrize(
    ("x", "says"),
    [
        ([[0.0, 1.0], [-math.inf, -math.inf]], "nothing but -inf"),
        ([0.0, math.nan], "NaN"),
        ([0.0, math.inf], "inf"),
        ([[], []], "nothing to share out"),
        (0.0, "0 axes"),
    ],
)
def test_scores_that_would_give_nan_are_refused(make, x, says):
    with pytest.raises(ValueError, match=says):
        softmax(make(x))


def test_inputs_that_are_not_scores_are_refused():
    with pytest.raises(TypeError, match="real numbers"):
        softmax(["a", "b"])
    with pytest.raises(TypeError, match="complex"):
        softmax(torch.zeros(2, dtype=torch.complex64))
    with pytest.raises(ValueError, match="ragged"):
        softmax([[1.0], [1.0, 2.0]])
    with pytest.raises(ValueError, match="axis=2"):
        softmax(np.zeros((2, 2)), axis=2)


@pytest.mark.parametrize(
    ("target", "error", "says"),
    [
        (0.0, TypeError, "integers"),
        (True, TypeError, "integers"),
        ([0, 1], ValueError, r"shape \(2,\)"),
        (3, ValueError, r"0\.\.2"),
        (-1, ValueError, r"0\.\.2"),
    ],
)
@pytest.mark.parametrize("make", [np.array, torch.tensor])
def test_targets_that_are_not_classes_are_refused(make, target, error, says):
    with pytest.raises(error, match=says):
        cross_entropy(make([0.0, 1.0, 2.0]), make(target))
