"""Answers to the exercises of chapter 9."""

import math

import numpy as np
import torch
from torch.nn import functional as F

from . import right, wrong

# 1. The best share

BEST = "09.best-share"


@right(BEST)
def divided_above_and_below(N, bound):
    return 1 / (1 + (N - 1) * math.exp(-2 * bound))


@right(BEST)
def by_a_sigmoid(N, bound):
    return torch.sigmoid(torch.tensor(2.0 * bound - (math.log(N - 1) if N > 1 else -math.inf), dtype=torch.float64))


@right(BEST)
def by_the_softmax_of_all_scores(N, bound):
    scores = np.full(N, -float(bound))
    scores[0] = bound
    e = np.exp(scores - scores.max())
    return e[0] / e.sum()


@right(BEST)
def with_one_large_score(N, bound):
    return float(F.softmax(torch.tensor([2.0 * bound] + [0.0] * (N - 1), dtype=torch.float64), dim=0)[0])


@wrong(BEST, "others-at-zero")
def the_others_at_zero(N, bound):
    scores = np.zeros(N)
    scores[0] = bound
    e = np.exp(scores - bound)
    return e[0] / e.sum()


@wrong(BEST, "overflow")
def as_the_text_has_it(N, bound):
    return np.exp(2 * bound) / (np.exp(2 * bound) + N - 1)


@wrong(BEST, "overflow")
def two_exponentials(N, bound):
    up, down = np.exp(bound), np.exp(-bound)
    return up / (up + (N - 1) * down)


@wrong(BEST, "too-large")
def with_math(N, bound):
    return math.exp(2 * bound) / (math.exp(2 * bound) + N - 1)


@wrong(BEST, "counts-itself")
def n_others(N, bound):
    return 1 / (1 + N * np.exp(-2 * bound))


@wrong(BEST, "noise-share")
def what_the_noise_gets(N, bound):
    return (N - 1) * np.exp(-2 * bound) / (1 + (N - 1) * np.exp(-2 * bound))


@wrong(BEST, "upside-down")
def signs_swapped(N, bound):
    return np.exp(-bound) / (np.exp(-bound) + (N - 1) * np.exp(min(bound, 300)))


@wrong(BEST, "equal-split")
def one_over_n(N, bound):
    return 1 / N


@wrong(BEST, "too-far")
def the_bound_squared(N, bound):
    return 1 / (1 + (N - 1) * np.exp(-(bound**2)))


@wrong(BEST, "no-exponential")
def scores_over_scores(N, bound):
    return 1.0 if N == 1 else 2 * bound / (2 * bound + N - 1)


@wrong(BEST, "one-other")
def one_other_key(N, bound):
    return 1 / (1 + np.exp(-2 * bound))


# 2. The share of noise

NOISE = "09.noise-share"


@right(NOISE)
def with_numpy(weights, noise):
    return np.abs(weights[:, noise]).sum(-1) / np.abs(weights).sum(-1)


@right(NOISE)
def by_a_product(weights, noise):
    size = torch.as_tensor(weights).abs()
    return (size @ torch.as_tensor(noise).double()) / size.sum(1)


@right(NOISE)
def row_by_row(weights, noise):
    shares = []
    for row in weights:
        total = sum(abs(w) for w in row)
        shares.append(sum(abs(w) for w, is_noise in zip(row, noise, strict=True) if is_noise) / total)
    return shares


@right(NOISE)
def one_less_the_rest(weights, noise):
    size = np.abs(weights)
    return 1 - np.where(noise, 0, size).sum(1) / size.sum(1)


@wrong(NOISE, "signed")
def no_sizes(weights, noise):
    return weights[:, noise].sum(1) / weights.sum(1)


@wrong(NOISE, "signed")
def trusts_that_rows_sum_to_one(weights, noise):
    return weights[:, noise].sum(1)


@wrong(NOISE, "signed")
def size_of_the_sum(weights, noise):
    return abs(weights[:, noise].sum(1)) / abs(weights.sum(1))


@wrong(NOISE, "not-divided")
def sizes_alone(weights, noise):
    return np.abs(weights[:, noise]).sum(1)


@wrong(NOISE, "negatives-dropped")
def clipped(weights, noise):
    w = np.clip(weights, 0, None)
    return w[:, noise].sum(1) / w.sum(1)


@wrong(NOISE, "answer-share")
def the_other_way_round(weights, noise):
    size = np.abs(weights)
    return size[:, ~noise].sum(1) / size.sum(1)


@wrong(NOISE, "ratio")
def noise_to_signal(weights, noise):
    size = np.abs(weights)
    return size[:, noise].sum(1) / size[:, ~noise].sum(1)


@wrong(NOISE, "mean")
def means(weights, noise):
    size = np.abs(weights)
    return (size * noise).sum(1) / max(noise.sum(), 1) / size.sum(1)


@wrong(NOISE, "shape")
def one_number(weights, noise):
    return (np.abs(weights[:, noise]).sum(1) / np.abs(weights).sum(1)).mean()


@wrong(NOISE, "squared")
def energies(weights, noise):
    return (weights**2)[:, noise].sum(1) / (weights**2).sum(1)


# 3. By how much the scores must grow

SCALE = "09.scale"


@right(SCALE)
def added_to_one(N, trained, bound):
    return 1 + (math.log(N - 1) - math.log(trained - 1)) / (2 * bound)


@right(SCALE)
def from_the_odds(N, trained, bound):
    share = 1 / (1 + (trained - 1) * np.exp(-2 * bound))
    return np.log((N - 1) * share / (1 - share)) / (2 * bound)


@right(SCALE)
def by_halving(N, trained, bound):
    goal = (trained - 1) * math.exp(-2 * bound)
    low, high = -50.0, 50.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if (N - 1) * math.exp(-2 * bound * middle) > goal else (low, middle)
    return middle


@right(SCALE)
def with_torch(N, trained, bound):
    return (torch.tensor((N - 1) / (trained - 1), dtype=torch.float64).log() / bound + 2) / 2


@wrong(SCALE, "ratio-of-logs")
def the_round_rule(N, trained, bound):
    return math.log(N) / math.log(trained)


@wrong(SCALE, "counts-itself")
def with_n_and_trained(N, trained, bound):
    return 1 + math.log(N / trained) / (2 * bound)


@wrong(SCALE, "no-one")
def only_the_growth(N, trained, bound):
    return math.log((N - 1) / (trained - 1)) / (2 * bound)


@wrong(SCALE, "once-the-bound")
def half_of_the_distance(N, trained, bound):
    return 1 + math.log((N - 1) / (trained - 1)) / bound


@wrong(SCALE, "swapped")
def upside_down(N, trained, bound):
    return 1 + math.log((trained - 1) / (N - 1)) / (2 * bound)


@wrong(SCALE, "new-bound")
def the_bound_itself(N, trained, bound):
    return bound + math.log((N - 1) / (trained - 1)) / 2


@wrong(SCALE, "no-logarithm")
def linear(N, trained, bound):
    return (N - 1) / (trained - 1)


@wrong(SCALE, "no-bound")
def for_a_bound_of_a_half(N, trained, bound):
    return 1 + math.log((N - 1) / (trained - 1))


@wrong(SCALE, "base")
def in_base_two(N, trained, bound):
    return 1 + math.log2((N - 1) / (trained - 1)) / (2 * bound)


@wrong(SCALE, "multiplied")
def brackets(N, trained, bound):
    return 1 + math.log((N - 1) / (trained - 1)) / 2 * bound


# 4. Softpick

PICK = "09.softpick"


@right(PICK)
def with_a_shifted_one(scores):
    m = np.maximum(scores.max(axis=-1, keepdims=True), 0)
    a = np.exp(scores - m) - np.exp(-m)
    return np.maximum(a, 0) / (np.abs(a).sum(axis=-1, keepdims=True) + 1e-12)


@right(PICK)
def as_the_paper_has_it(scores):
    x = torch.as_tensor(scores)
    m = x.amax(-1, keepdim=True).clamp(min=0)
    a = torch.exp(x - m) - torch.exp(-m)
    return a.relu() / (a.abs().sum(-1, keepdim=True) + 1e-8)


@right(PICK)
def number_by_number(scores):
    rows = []
    for row in scores:
        m = max(0.0, *row)
        a = [math.exp(s - m) - math.exp(-m) for s in row]
        total = sum(map(abs, a))
        rows.append([max(x, 0) / total if total else 0.0 for x in a])
    return rows


@wrong(PICK, "overflow")
def as_the_formula_reads(scores):
    a = np.exp(scores) - 1
    total = np.abs(a).sum(axis=-1, keepdims=True)
    return np.where(total > 0, np.maximum(a, 0) / np.where(total > 0, total, 1), 0)


@wrong(PICK, "shifted")
def shifted_as_softmax(scores):
    x = scores - scores.max(axis=-1, keepdims=True)
    a = np.exp(x) - 1
    return np.maximum(a, 0) / (np.abs(a).sum(axis=-1, keepdims=True) + 1e-12)


@wrong(PICK, "zero-row")
def without_care_for_zeros(scores):
    m = np.maximum(scores.max(axis=-1, keepdims=True), 0)
    a = np.exp(scores - m) - np.exp(-m)
    return np.maximum(a, 0) / np.abs(a).sum(axis=-1, keepdims=True)


@wrong(PICK, "softmax")
def plain_softmax(scores):
    return torch.softmax(torch.as_tensor(scores), dim=-1)


@wrong(PICK, "positive-below")
def rows_that_sum_to_one(scores):
    m = np.maximum(scores.max(axis=-1, keepdims=True), 0)
    a = np.maximum(np.exp(scores - m) - np.exp(-m), 0)
    return a / np.maximum(a.sum(axis=-1, keepdims=True), 1e-300)


@wrong(PICK, "negatives-kept")
def no_relu(scores):
    m = np.maximum(scores.max(axis=-1, keepdims=True), 0)
    a = np.exp(scores - m) - np.exp(-m)
    return a / (np.abs(a).sum(axis=-1, keepdims=True) + 1e-12)


@right(PICK)
def maximum_below_zero(scores):
    m = scores.max(axis=-1, keepdims=True)
    a = np.exp(scores - m) - np.exp(-m)
    return np.maximum(a, 0) / (np.abs(a).sum(axis=-1, keepdims=True) + 1e-12)


@wrong(PICK, "one-only-above")
def softmax_below(scores):
    m = np.maximum(scores.max(axis=-1, keepdims=True), 0)
    return np.maximum(np.exp(scores - m) - np.exp(-m), 0) / np.exp(scores - m).sum(axis=-1, keepdims=True)


@wrong(PICK, "wrong-axis")
def down_the_columns(scores):
    m = np.maximum(scores.max(axis=0, keepdims=True), 0)
    a = np.exp(scores - m) - np.exp(-m)
    return np.maximum(a, 0) / (np.abs(a).sum(axis=0, keepdims=True) + 1e-12)


@wrong(PICK, "no-exponential")
def of_the_scores(scores):
    return np.maximum(scores, 0) / (np.abs(scores).sum(axis=-1, keepdims=True) + 1e-12)


@wrong(PICK, "global-max")
def one_maximum_for_all(scores):
    m = max(scores.max(), 0)
    a = np.exp(scores - m) - np.exp(-m)
    return np.maximum(a, 0) / np.maximum(np.abs(a).sum(axis=-1, keepdims=True), 1e-300)
