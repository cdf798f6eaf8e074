"""Chapter 7: a Transformer from scratch."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import right, wrong

# 1. The norm

NORM = "07.rms-norm"


@right(NORM)
def row_by_row(x, weight):
    out = []
    for row in x:
        size = (sum(float(v) ** 2 for v in row) / len(row) + 1e-5) ** 0.5
        out.append([float(v) / size * float(w) for v, w in zip(row, weight, strict=True)])
    return out


@right(NORM)
def of_torch(x, weight):
    x = torch.as_tensor(x)
    return F.rms_norm(x, x.shape[-1:], torch.as_tensor(weight).to(x.dtype), eps=1e-5)


@right(NORM)
def with_a_product(x, weight):
    squares = np.einsum("td,td->t", x, x) / x.shape[1]
    return weight * x * ((squares + 1e-5) ** -0.5)[:, None]


@wrong(NORM, "centred")
def layer_norm(x, weight):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * weight


@wrong(NORM, "centred")
def divided_by_the_deviation(x, weight):
    return x / np.sqrt(np.var(x, axis=1, keepdims=True) + 1e-5) * weight


@wrong(NORM, "other-axis")
def over_the_words(x, weight):
    return x / np.sqrt(np.mean(x * x, axis=0) + 1e-5) * weight


@wrong(NORM, "all-at-once")
def one_size(x, weight):
    return x / np.sqrt(np.mean(x * x) + 1e-5) * weight


@wrong(NORM, "sum")
def unit_length(x, weight):
    return weight * x / np.sqrt((x * x).sum(1, keepdims=True) + 1e-5)


@wrong(NORM, "no-root")
def without_the_root(x, weight):
    return weight * x / ((x * x).mean(1, keepdims=True) + 1e-5)


@wrong(NORM, "no-weight")
def without_the_weight(x, weight):
    return x / np.sqrt((x * x).mean(1, keepdims=True) + 1e-5)


@wrong(NORM, "weight-inside")
def weighted_first(x, weight):
    y = x * weight
    return y / np.sqrt((y * y).mean(1, keepdims=True) + 1e-5)


@wrong(NORM, "no-eps")
def without_eps(x, weight):
    return weight * x / np.sqrt((x * x).mean(1, keepdims=True))


@wrong(NORM, "eps-outside")
def eps_after_the_root(x, weight):
    return weight * x / (np.sqrt((x * x).mean(1, keepdims=True)) + 1e-5)


@wrong(NORM, "absolute")
def mean_size(x, weight):
    return weight * x / (np.abs(x).mean(1, keepdims=True) + 1e-5)


@wrong(NORM, "other-eps")
def eps_of_another_library(x, weight):
    return weight * x / np.sqrt((x * x).mean(1, keepdims=True) + 1e-6)


@wrong(NORM, "other-eps")
def eps_of_torch_by_default(x, weight):
    x, weight = torch.as_tensor(x), torch.as_tensor(weight)
    return F.rms_norm(x, x.shape[-1:], weight)


@wrong(NORM, "other-eps")
def zeros_stay_zeros(x, weight):
    return np.array([weight * row / np.sqrt(np.mean(row * row)) if row.any() else row for row in x])


@wrong(NORM, "one-plus")
def weight_around_one(x, weight):
    return row_by_row(x, 1 + weight)


# 2. How many parameters

COUNT = "07.parameters"


@right(COUNT)
def by_parts(vocabulary, dim, layers, hidden):
    attention = sum(dim * dim for _ in "qkvo")
    mlp = dim * hidden + dim * hidden + hidden * dim
    return layers * (attention + mlp + dim + dim) + dim * vocabulary + dim


@right(COUNT)
def by_building_it(vocabulary, dim, layers, hidden):
    parts = [nn.Embedding(vocabulary, dim), nn.RMSNorm(dim)]
    for _ in range(layers):
        parts += [nn.RMSNorm(dim), nn.RMSNorm(dim), *(nn.Linear(dim, dim, bias=False) for _ in range(4))]
        parts += [nn.Linear(dim, 2 * hidden, bias=False), nn.Linear(hidden, dim, bias=False)]
    return sum(p.numel() for part in parts for p in part.parameters())


@right(COUNT)
def factored(vocabulary, dim, layers, hidden):
    return dim * (vocabulary + 1 + layers * (4 * dim + 3 * hidden + 2))


@wrong(COUNT, "untied")
def with_a_head(vocabulary, dim, layers, hidden):
    return 2 * vocabulary * dim + layers * (4 * dim * dim + 3 * dim * hidden + 2 * dim) + dim


@wrong(COUNT, "no-embedding")
def blocks_alone(vocabulary, dim, layers, hidden):
    return layers * (4 * dim * dim + 3 * dim * hidden + 2 * dim) + dim


@wrong(COUNT, "one-layer")
def a_single_block(vocabulary, dim, layers, hidden):
    return vocabulary * dim + 4 * dim * dim + 3 * dim * hidden + 3 * dim


@wrong(COUNT, "all-times-layers")
def everything_repeated(vocabulary, dim, layers, hidden):
    return layers * (vocabulary * dim + 4 * dim * dim + 3 * dim * hidden + 3 * dim)


@wrong(COUNT, "two-matrices")
def an_ordinary_mlp(vocabulary, dim, layers, hidden):
    return vocabulary * dim + layers * (4 * dim * dim + 2 * dim * hidden + 2 * dim) + dim


@wrong(COUNT, "three-projections")
def without_the_output(vocabulary, dim, layers, hidden):
    return vocabulary * dim + layers * (3 * dim * dim + 3 * dim * hidden + 2 * dim) + dim


@wrong(COUNT, "no-norms")
def matrices_alone(vocabulary, dim, layers, hidden):
    return vocabulary * dim + layers * (4 * dim * dim + 3 * dim * hidden)


@wrong(COUNT, "no-last-norm")
def norms_of_the_blocks(vocabulary, dim, layers, hidden):
    return vocabulary * dim + layers * (4 * dim * dim + 3 * dim * hidden + 2 * dim)


@wrong(COUNT, "one-norm")
def a_norm_a_block(vocabulary, dim, layers, hidden):
    return vocabulary * dim + layers * (4 * dim * dim + 3 * dim * hidden + dim) + dim


@wrong(COUNT, "biases")
def with_offsets(vocabulary, dim, layers, hidden):
    block = 4 * (dim * dim + dim) + 2 * (dim * hidden + hidden) + hidden * dim + dim + 2 * dim
    return vocabulary * dim + layers * block + dim


@wrong(COUNT, "two-matrices")
def one_matrix_up(vocabulary, dim, layers, hidden):
    return vocabulary * dim + layers * (4 * dim * dim + dim * hidden + 2 * dim) + dim


@wrong(COUNT, "three-projections")
def one_matrix_of_attention(vocabulary, dim, layers, hidden):
    return vocabulary * dim + layers * (dim * dim + 3 * dim * hidden + 2 * dim) + dim


@wrong(COUNT, "four-times")
def four_times_as_wide(vocabulary, dim, layers, hidden):
    return by_parts(vocabulary, dim, layers, 4 * dim)


@wrong(COUNT, "layer-norm")
def norms_with_offsets(vocabulary, dim, layers, hidden):
    return by_parts(vocabulary, dim, layers, hidden) + dim * (2 * layers + 1)


# 3. The nucleus

NUCLEUS = "07.nucleus"


@right(NUCLEUS)
def one_at_a_time(weights, p):
    kept, total = [0.0] * len(weights), 0.0
    for i in sorted(range(len(weights)), key=lambda i: -weights[i]):
        if total >= p - 1e-9:
            break
        kept[i] = float(weights[i])
        total += kept[i]
    return [k / total for k in kept]


@right(NUCLEUS)
def with_torch(weights, p):
    weights = torch.as_tensor(weights, dtype=torch.float64)
    best, order = weights.sort(descending=True)
    best[best.cumsum(0) - best >= p - 1e-9] = 0
    return torch.zeros_like(best).scatter(0, order, best / best.sum())


@right(NUCLEUS)
def by_the_smallest_kept(weights, p):
    falling = np.sort(weights)[::-1]
    smallest = falling[np.argmax(np.cumsum(falling) >= p - 1e-9)]
    kept = np.where(weights >= smallest, weights, 0)
    return kept / kept.sum()


def _ordered(weights):
    order = np.argsort(weights)[::-1]
    return order, np.cumsum(weights[order])


@wrong(NUCLEUS, "one-short")
def while_below(weights, p):
    order, totals = _ordered(weights)
    kept = np.zeros(len(weights))
    inside = order[totals < p]
    kept[inside] = weights[inside]
    return kept / kept.sum() if len(inside) else kept


@wrong(NUCLEUS, "one-more")
def one_too_many(weights, p):
    order, totals = _ordered(weights)
    kept = np.zeros(len(weights))
    inside = order[: np.argmax(totals >= p) + 2]
    kept[inside] = weights[inside]
    return kept / kept.sum()


@wrong(NUCLEUS, "equal")
def until_it_is_above(weights, p):
    order, totals = _ordered(weights)
    kept = np.zeros(len(weights))
    inside = order[: np.argmax(totals > p) + 1]
    kept[inside] = weights[inside]
    return kept / kept.sum()


@wrong(NUCLEUS, "not-rescaled")
def as_they_were(weights, p):
    order, totals = _ordered(weights)
    kept = np.zeros(len(weights))
    inside = order[: np.argmax(totals >= p) + 1]
    kept[inside] = weights[inside]
    return kept


@wrong(NUCLEUS, "sorted")
def in_falling_order(weights, p):
    order, totals = _ordered(weights)
    kept = weights[order].copy()
    kept[np.argmax(totals >= p) + 1 :] = 0
    return kept / kept.sum()


@wrong(NUCLEUS, "unsorted")
def as_they_come(weights, p):
    n = np.argmax(np.cumsum(weights) >= p) + 1
    kept = np.where(np.arange(len(weights)) < n, weights, 0)
    return kept / kept.sum()


@wrong(NUCLEUS, "smallest-first")
def from_below(weights, p):
    order = np.argsort(weights)
    inside = order[: np.argmax(np.cumsum(weights[order]) >= p) + 1]
    kept = np.zeros(len(weights))
    kept[inside] = weights[inside]
    return kept / kept.sum()


@wrong(NUCLEUS, "threshold")
def above_p(weights, p):
    kept = np.where(weights >= p, weights, 0)
    return kept / max(kept.sum(), 1e-9)


@wrong(NUCLEUS, "share-of-tokens")
def a_share_of_the_list(weights, p):
    inside = np.argsort(-weights)[: int(np.ceil(p * len(weights)))]
    kept = np.zeros(len(weights))
    kept[inside] = weights[inside]
    return kept / kept.sum()


@wrong(NUCLEUS, "mask")
def which_stay(weights, p):
    return one_at_a_time(weights, p) > np.zeros(len(weights))


@wrong(NUCLEUS, "equal-weights")
def all_alike(weights, p):
    kept = which_stay(weights, p)
    return kept / kept.sum()


@wrong(NUCLEUS, "divided-by-p")
def over_the_share(weights, p):
    return as_they_were(weights, p) / p


@wrong(NUCLEUS, "equal-weights-lost")
def by_weight_and_not_by_place(weights, p):
    kept, total = {}, 0.0
    for weight in np.sort(weights)[::-1]:
        if total < p - 1e-9:
            kept[list(weights).index(weight)] = weight
            total += weight
    out = np.zeros(len(weights))
    out[list(kept)] = list(kept.values())
    return out / out.sum()


@wrong(NUCLEUS, "softmax")
def softmax_of_what_is_left(weights, p):
    kept = np.where(as_they_were(weights, p) > 0, np.exp(weights), 0)
    return kept / kept.sum()


@wrong(NUCLEUS, "in-place")
def wipes_the_tail(weights, p):
    order, totals = _ordered(weights)
    weights[order[np.argmax(totals >= p - 1e-9) + 1 :]] = 0
    return weights / weights.sum()


@wrong(NUCLEUS, "one-short")
def not_above_the_share(weights, p):
    order, totals = _ordered(weights)
    kept = np.zeros(len(weights))
    inside = order[: max(1, (totals <= p).sum())]
    kept[inside] = weights[inside]
    return kept / kept.sum()
