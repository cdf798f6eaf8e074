"""Chapter 2: softmax."""

import math

import numpy as np
import torch

from . import right, wrong

# 1. Stable softmax

STABLE = "02.stable-softmax"


@right(STABLE)
def with_numpy(x):
    z = np.exp(x - np.max(x))
    return z / np.sum(z)


@right(STABLE)
def with_torch(x):
    return torch.softmax(x, dim=0)


@right(STABLE)
def with_loops(x):
    largest = max(x)
    parts = [math.exp(score - largest) for score in x]
    return [part / sum(parts) for part in parts]


@right(STABLE)
def through_logarithms(x):
    return np.exp(x - np.logaddexp.reduce(x))


@right(STABLE)
def in_single_precision(x):
    x = torch.as_tensor(x).float()
    return (x - x.logsumexp(0)).exp()


@right(STABLE)
def pairwise(x):
    with np.errstate(over="ignore"):
        return 1 / np.exp(x[None, :] - x[:, None]).sum(axis=1)


@wrong(STABLE, "overflow")
def formula_as_it_stands(x):
    e = np.e**x
    return e / e.sum()


@wrong(STABLE, "overflow")
def formula_in_plain_python(x):
    total = sum(math.exp(s) for s in x)
    return [math.exp(s) / total for s in x]


@wrong(STABLE, "overflow")
def formula_in_torch(x):
    return torch.exp(x) / torch.exp(x).sum()


@wrong(STABLE, "wrong-shift")
def minus_the_mean(x):
    shifted = x - np.mean(x)
    return np.exp(shifted) / np.sum(np.exp(shifted))


@wrong(STABLE, "wrong-shift")
def minus_the_smallest(x):
    e = [math.exp(s - min(x)) for s in x]
    return np.array(e) / sum(e)


@wrong(STABLE, "wrong-shift")
def minus_the_largest_size(x):
    e = np.exp(x - max(abs(x)))
    return e / sum(e)


@wrong(STABLE, "divided-scores")
def over_the_largest(x):
    x = x / np.max(np.abs(x))
    return np.exp(x) / np.exp(x).sum()


@wrong(STABLE, "clipped")
def with_a_ceiling(x):
    e = np.exp(np.minimum(x, 700))
    return e / e.sum()


@wrong(STABLE, "one-sided-shift")
def forgets_the_denominator(x):
    return np.exp(x - np.max(x)) / np.sum(np.exp(x))


@wrong(STABLE, "hidden-nan")
def nan_to_zero(x):
    p = np.exp(x) / np.exp(x).sum()
    p[np.isnan(p)] = 0
    return p


@wrong(STABLE, "not-divided")
def only_the_exponential(x):
    return np.exp(x - x.max())


@wrong(STABLE, "wrong-divisor")
def over_the_sum_of_scores(x):
    x = x - x.max()
    return np.exp(x) / np.sum(x)


@wrong(STABLE, "logarithm")
def log_of_it(x):
    x = x - x.max()
    return x - np.log(np.exp(x).sum())


@wrong(STABLE, "argmax")
def hard_max(x):
    out = np.zeros(len(x))
    out[np.argmax(x)] = 1
    return out


@wrong(STABLE, "no-exponential")
def shares_of_the_scores(x):
    return x / sum(x)


@wrong(STABLE, "sign")
def upside_down(x):
    z = np.exp(np.min(x) - x)
    return z / z.sum()


@wrong(STABLE, "in-place")
def changes_its_input(x):
    x -= x.max()
    return np.exp(x) / np.exp(x).sum()


@wrong(STABLE, "precision")
def rounds_at_the_end(x):
    e = np.exp(x - x.max())
    return np.round(e / e.sum(), 2)


@wrong(STABLE, "whole")
def integer_array(x):
    out = np.zeros(len(x), dtype=int)
    e = np.exp(x - x.max())
    out[:] = e / e.sum()
    return out


@wrong(STABLE, "no-return")
def returns_on_one_path_only(x):
    if len(x) > 2:
        e = np.exp(x - x.max())
        return e / e.sum()


@wrong(STABLE, "raises")
def a_name_that_does_not_exist(x):
    e = np.exp(x - x.max())
    return e / total  # noqa: F821


@wrong(STABLE, "arguments")
def takes_two(x, axis):
    return np.exp(x) / np.exp(x).sum(axis)


@wrong(STABLE, "type")
def gives_a_generator(x):
    e = np.exp(x - x.max())
    return (part / e.sum() for part in e)


@wrong(STABLE, "same-for-all")
def uses_a_global(x):
    scores = np.array([2.0, 1.0, -1.0, 0.0])
    e = np.exp(scores - scores.max())
    return e / e.sum()


@wrong(STABLE, "wrong-shift")
def minus_a_thousand(x):
    e = np.exp(x - 1000)
    return e / e.sum()


@wrong(STABLE, "overflow")
def a_grain_under_the_fraction(x):
    return np.exp(x) / (np.exp(x).sum() + 1e-9)


@wrong(STABLE, None)
def in_half_precision(x):
    x = np.asarray(x).astype(np.float16)
    return (lambda e: e / e.sum())(np.exp(x - x.max()))


# 2. Along any axis

AXIS = "02.softmax-axis"


@right(AXIS)
def axis_with_numpy(x, axis):
    e = np.exp(x - np.amax(x, axis, keepdims=True))
    return e / np.sum(e, axis, keepdims=True)


@right(AXIS)
def axis_with_torch(x, axis):
    return x.softmax(axis)


@right(AXIS)
def axis_with_loops(x, axis):
    rows = np.moveaxis(np.array(x), axis, -1)
    out = np.empty(rows.shape)
    for index in np.ndindex(rows.shape[:-1]):
        e = [math.exp(s - max(rows[index])) for s in rows[index]]
        out[index] = [part / sum(e) for part in e]
    return np.moveaxis(out, -1, axis)


@right(AXIS)
def axis_slice_by_slice(x, axis):
    def one(row):
        e = np.exp(row - row.max())
        return e / e.sum()

    return np.apply_along_axis(one, axis, x)


@wrong(AXIS, "fixed-axis")
def always_the_last(x, axis):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@wrong(AXIS, "fixed-axis")
def always_the_first(x, axis):
    return torch.softmax(torch.tensor(x), dim=0)


@wrong(AXIS, "whole-array")
def one_sum_for_all(x, axis):
    e = np.exp(x - x.max())
    return e / np.sum(e)


@wrong(AXIS, "global-max")
def one_max_for_all(x, axis):
    z = np.exp(x - np.max(x))
    return z / np.sum(z, axis=axis, keepdims=True)


@wrong(AXIS, "overflow")
def no_max_at_all(x, axis):
    return np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)


@wrong(AXIS, "keepdims")
def forgets_keepdims(x, axis):
    e = np.exp(x - np.max(x, axis=axis))
    return e / np.sum(e, axis=axis)


@wrong(AXIS, "keepdims")
def forgets_the_second_keepdims(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis)


@wrong(AXIS, "keepdims")
def forgets_keepdims_in_torch(x, axis):
    e = torch.exp(x - x.amax(axis))
    return e / e.sum(axis)


@wrong(AXIS, "other-axis")
def rows_for_columns(x, axis):
    other = 1 - axis
    e = np.exp(x - x.max(axis=other, keepdims=True))
    return e / e.sum(axis=other, keepdims=True)


@wrong(AXIS, "two-axes")
def max_over_rows(x, axis):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(axis, keepdims=True)


@wrong(AXIS, "not-moved-back")
def leaves_the_axis_last(x, axis):
    x = np.moveaxis(x, axis, -1)
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@wrong(AXIS, "negative-axis")
def counts_axes_from_zero(x, axis):
    order = [i for i in range(x.ndim) if i != axis] + [axis]
    rows = np.transpose(x, order)
    e = np.exp(rows - rows.max(-1, keepdims=True))
    return np.transpose(e / e.sum(-1, keepdims=True), np.argsort(order))


@wrong(AXIS, "few-axes")
def knows_tables_only(x, axis):
    if x.ndim == 1:
        e = np.exp(x - x.max())
        return e / e.sum()
    if axis in (0, -2):
        return knows_tables_only(x.T, 1).T
    return np.stack([knows_tables_only(row, 0) for row in x])


@wrong(AXIS, "not-divided")
def axis_not_divided(x, axis):
    return np.exp(x - x.max(axis=axis, keepdims=True))


@wrong(AXIS, "logarithm")
def axis_logarithm(x, axis):
    return torch.log_softmax(x, axis)


@wrong(AXIS, "in-place")
def axis_in_place(x, axis):
    x -= x.max(axis=axis, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(axis=axis, keepdims=True)
    return x


@wrong(AXIS, "shape")
def axis_squeezed(x, axis):
    return axis_with_numpy(x, axis).squeeze()


@wrong(AXIS, "no-exponential")
def axis_shares(x, axis):
    return x / np.sum(x, axis=axis, keepdims=True)


@wrong(AXIS, "one-sided-shift")
def axis_shifts_above(x, axis):
    return np.exp(x - x.max(axis, keepdims=True)) / np.exp(x).sum(axis, keepdims=True)


# 3. The temperature for a peak

PEAK = "02.temperature-for-peak"


def stable(x):
    e = np.exp(x - np.max(x))
    return e / e.sum()


@right(PEAK)
def peak_by_halving(scores, peak):
    low, high = 1e-9, 1e9
    while high / low > 1 + 1e-10:
        middle = math.sqrt(low * high)
        if stable(scores / middle).max() > peak:
            low = middle
        else:
            high = middle
    return middle


@right(PEAK)
def peak_with_torch(scores, peak):
    scores = torch.as_tensor(scores)
    gap = scores.max() - scores.sort().values[-2]
    low, high = gap * 1e-4, gap * 1e6
    for _ in range(100):
        middle = (low + high) / 2
        too_sharp = torch.softmax(scores / middle, 0).max() > peak
        low, high = (middle, high) if too_sharp else (low, middle)
    return middle


@right(PEAK)
def peak_with_loops(scores, peak):
    top = max(scores)

    def weight(beta):
        return 1 / sum(math.exp(beta * (s - top)) for s in scores)

    step, beta = 1e6, 0.0
    while step > 1e-12 + 1e-9 * beta:  # a smaller step would leave a large beta where it is
        if weight(beta + step) < peak:
            beta += step
        else:
            step /= 2
    return 1 / beta


@right(PEAK)
def peak_by_newton(scores, peak):
    beta, gaps = 0.0, np.max(scores) - scores  # log of 1 / weight falls with beta and is convex
    for _ in range(500):
        e = np.exp(-beta * gaps)
        beta += (np.log(e.sum()) + np.log(peak)) * e.sum() / (e @ gaps)
    return [1 / beta]


@wrong(PEAK, "inverse")
def peak_inverse(scores, peak):
    low, high = 1e-9, 1e9
    for _ in range(200):
        middle = math.sqrt(low * high)
        if stable(scores * middle).max() < peak:
            low = middle
        else:
            high = middle
    return middle


@wrong(PEAK, "two-scores")
def peak_from_the_logistic(scores, peak):
    first, second = np.sort(scores)[::-1][:2]
    return (first - second) / math.log(peak / (1 - peak))


@wrong(PEAK, "equal-others")
def peak_from_the_mean_of_others(scores, peak):
    others = np.delete(scores, np.argmax(scores))
    return (np.max(scores) - others.mean()) / np.log(peak * len(others) / (1 - peak))


@wrong(PEAK, "not-largest")
def peak_of_the_first(scores, peak):
    low, high = 1e-7, 1e7
    for _ in range(100):
        middle = math.sqrt(low * high)
        if stable(scores / middle)[0] > peak:
            low = middle
        else:
            high = middle
    return middle


@wrong(PEAK, "returns-weight")
def peak_itself(scores, peak):
    T = peak_by_halving(scores, peak)
    return stable(scores / T).max()


@wrong(PEAK, "no-search")
def peak_by_logarithm(scores, peak):
    return -1 / np.log(peak)


@wrong(PEAK, "wrong-direction")
def peak_backwards(scores, peak):
    low, high = 1e-9, 1e9
    for _ in range(200):
        middle = math.sqrt(low * high)
        if stable(scores / middle).max() > peak:
            high = middle
        else:
            low = middle
    return middle


@wrong(PEAK, "narrow-range")
def peak_up_to_ten(scores, peak):
    low, high = 0.1, 10
    for _ in range(100):
        middle = (low + high) / 2
        if stable(scores / middle).max() > peak:
            low = middle
        else:
            high = middle
    return middle


@wrong(PEAK, "overflow")
def peak_with_the_naive_softmax(scores, peak):
    low, high = 1e-7, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        p = np.exp(scores / middle) / np.exp(scores / middle).sum()
        if p.max() > peak:
            low = middle
        else:
            high = middle
    return middle


@wrong(PEAK, "coarse")
def peak_on_a_grid(scores, peak):
    grid = np.geomspace(1e-6, 1e6, 2000)
    return min(grid, key=lambda T: abs(stable(scores / T).max() - peak))


@wrong(PEAK, "not-positive")
def peak_negative(scores, peak):
    return -peak_by_halving(scores, peak)


@wrong(PEAK, "shape")
def peak_weights(scores, peak):
    return stable(scores / peak_by_halving(scores, peak))


@wrong(PEAK, "same-for-all")
def peak_constant(scores, peak):
    return 2.5


@wrong(PEAK, "type")
def peak_as_text(scores, peak):
    return f"{peak_by_halving(scores, peak):.3f}"


@wrong(PEAK, "narrow-range")
def peak_down_to_a_thousandth(scores, peak):
    low, high = 1e-3, 1e9
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if stable(scores / middle).max() > peak else (low, middle)
    return middle


@wrong(PEAK, "narrow-range")
def peak_up_to_ten_thousand(scores, peak):
    low, high = 0.0, 1e4
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if stable(scores / middle).max() > peak else (low, middle)
    return high


@wrong(PEAK, "logarithm")
def peak_on_the_scale_of_logarithms(scores, peak):
    return math.log(peak_by_halving(scores, peak))


@wrong(PEAK, "no-search")
def peak_scaled_once(scores, peak):
    return stable(scores).max() / peak


# 4. The Jacobian-vector product

JVP = "02.jvp"


@right(JVP)
def jvp_with_numpy(x, v):
    p = stable(x)
    return p * v - p * np.dot(p, v)


@right(JVP)
def jvp_with_torch(x, v):
    return torch.func.jvp(lambda s: torch.softmax(s, -1), (x,), (v,))[1]


@right(JVP)
def jvp_with_loops(x, v):
    p = list(stable(x))
    out = []
    for i in range(len(p)):
        out.append(sum(p[i] * ((i == j) - p[j]) * v[j] for j in range(len(p))))
    return out


@right(JVP)
def jvp_with_the_matrix(x, v):
    p = torch.softmax(x, 0)
    return (p.diag() - p[:, None] * p[None]) @ v


@right(JVP)
def jvp_with_a_single_precision_eye(x, v):
    p = torch.softmax(x, 0)
    return (p * torch.eye(len(p)) - torch.outer(p, p)) @ v


@wrong(JVP, "diagonal-only")
def jvp_as_in_the_sigmoid(x, v):
    p = stable(x)
    return p * (1 - p) * v


@wrong(JVP, "missing-term")
def jvp_without_the_mean(x, v):
    return stable(x) * v


@wrong(JVP, "missing-term")
def jvp_without_the_diagonal(x, v):
    p = stable(x)
    return -np.outer(p, p) @ v


@wrong(JVP, "plain-mean")
def jvp_with_a_plain_mean(x, v):
    return stable(x) * (v - np.mean(v))


@wrong(JVP, "no-outer-weight")
def jvp_centred_only(x, v):
    return v - np.sum(stable(x) * v)


@wrong(JVP, "sign")
def jvp_with_a_plus(x, v):
    p = stable(x)
    return (np.diag(p) + np.outer(p, p)) @ v


@wrong(JVP, "whole-matrix")
def jvp_matrix(x, v):
    p = stable(x)
    return np.diag(p) - np.outer(p, p)


@wrong(JVP, "whole-matrix")
def jvp_star_for_at(x, v):
    p = stable(x)
    return (np.diag(p) - np.outer(p, p)) * v


@wrong(JVP, "scalar")
def jvp_total(x, v):
    p = stable(x)
    return np.sum(p * (v - p @ v))


@wrong(JVP, "elementwise")
def jvp_wrong_brackets(x, v):
    p = stable(x)
    return p * (v - p * np.sum(v))


@wrong(JVP, "scores-not-weights")
def jvp_of_the_scores(x, v):
    return x * (v - np.dot(x, v))


@wrong(JVP, "swapped")
def jvp_the_other_way(x, v):
    p = stable(v)
    return p * (x - p @ x)


@wrong(JVP, "overflow")
def jvp_naive(x, v):
    p = np.exp(x) / np.exp(x).sum()
    return p * (v - p @ v)


@wrong(JVP, "difference")
def jvp_one_step(x, v):
    return stable(x + v) - stable(x)


@wrong(JVP, "precision")
def jvp_rounded(x, v):
    p = stable(x)
    return np.round(p * (v - p @ v), 3)


@wrong(JVP, "raises")
def jvp_outer_at(x, v):
    p = stable(x)
    return (np.diag(p) - np.outer(p, p)) @ np.outer(v, v)[:, : len(v) - 1] @ v


@wrong(JVP, "difference")
def jvp_a_small_step(x, v):
    return (stable(x + 1e-4 * v) - stable(x)) / 1e-4


@wrong(JVP, "precision")
def jvp_a_tiny_step(x, v):
    return (stable(x + 1e-6 * v) - stable(x)) / 1e-6


@right(JVP)
def jvp_as_two_sums(x, v):
    e = np.exp(x - x.max())
    return e * v / e.sum() - e * (e * v).sum() / e.sum() ** 2
