"""Chapter 11: differential attention."""

import math

import numpy as np
import torch
from torch.nn import functional as F

from diffattn_mini import softmax

from . import right, wrong


def stable(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


# 1. One head

HEAD = "11.one-head"


@right(HEAD)
def head_with_numpy(q1, k1, q2, k2, v, lam):
    d = q1.shape[1]
    A1 = stable(q1 @ k1.T / np.sqrt(d))
    A2 = stable(q2 @ k2.T / np.sqrt(d))
    return (A1 - lam * A2) @ v


@right(HEAD)
def head_with_torch(q1, k1, q2, k2, v, lam):
    first, second = (F.scaled_dot_product_attention(q, k, v) for q, k in ((q1, k1), (q2, k2)))
    return first - lam * second


@right(HEAD)
def head_with_loops(q1, k1, q2, k2, v, lam):
    T, d = q1.shape

    def row(q, k):
        scores = [sum(a * b for a, b in zip(q, key, strict=True)) / d**0.5 for key in k]
        e = [math.exp(s - max(scores)) for s in scores]
        return [part / sum(e) for part in e]

    out = []
    for t in range(T):
        a1, a2 = row(q1[t], k1), row(q2[t], k2)
        out.append([sum((a1[s] - lam * a2[s]) * v[s][j] for s in range(T)) for j in range(2 * d)])
    return out


@right(HEAD)
def head_with_einsum(q1, k1, q2, k2, v, lam):
    scores = torch.einsum("nid,njd->nij", torch.stack([q1, q2]), torch.stack([k1, k2])) / q1.shape[-1] ** 0.5
    A1, A2 = scores.softmax(-1)
    return torch.einsum("ij,je->ie", A1 - lam * A2, v)


@wrong(HEAD, "scale")
def head_not_scaled(q1, k1, q2, k2, v, lam):
    return (stable(q1 @ k1.T) - lam * stable(q2 @ k2.T)) @ v


@wrong(HEAD, "scale")
def head_scaled_by_the_width_of_v(q1, k1, q2, k2, v, lam):
    root = math.sqrt(v.shape[-1])
    return (stable(q1 @ k1.T / root) - lam * stable(q2 @ k2.T / root)) @ v


@wrong(HEAD, "scale")
def head_scaled_by_d(q1, k1, q2, k2, v, lam):
    d = q1.shape[-1]
    return (torch.softmax(q1 @ k1.T / d, -1) - lam * torch.softmax(q2 @ k2.T / d, -1)) @ v


@wrong(HEAD, "subtract-before-softmax")
def head_subtracts_scores(q1, k1, q2, k2, v, lam):
    scores = (q1 @ k1.T - lam * (q2 @ k2.T)) / np.sqrt(q1.shape[1])
    return stable(scores) @ v


@wrong(HEAD, "plus")
def head_adds(q1, k1, q2, k2, v, lam):
    r = np.sqrt(q1.shape[1])
    return stable(q1 @ k1.T / r) @ v + lam * (stable(q2 @ k2.T / r) @ v)


@wrong(HEAD, "ignores-lambda")
def head_without_lambda(q1, k1, q2, k2, v, lam):
    r = np.sqrt(q1.shape[1])
    return (stable(q1 @ k1.T / r) - stable(q2 @ k2.T / r)) @ v


@wrong(HEAD, "one-map")
def head_ordinary(q1, k1, q2, k2, v, lam):
    return F.scaled_dot_product_attention(q1, k1, v)


@wrong(HEAD, "swapped-maps")
def head_lambda_on_the_first(q1, k1, q2, k2, v, lam):
    r = np.sqrt(q1.shape[1])
    return (lam * stable(q1 @ k1.T / r) - stable(q2 @ k2.T / r)) @ v


@wrong(HEAD, "convex")
def head_mixes(q1, k1, q2, k2, v, lam):
    r = np.sqrt(q1.shape[1])
    return ((1 - lam) * stable(q1 @ k1.T / r) - lam * stable(q2 @ k2.T / r)) @ v


@wrong(HEAD, "wrong-axis")
def head_by_columns(q1, k1, q2, k2, v, lam):
    r = np.sqrt(q1.shape[1])
    return (stable(q1 @ k1.T / r, axis=0) - lam * stable(q2 @ k2.T / r, axis=0)) @ v


@wrong(HEAD, "renormalised")
def head_rows_to_one(q1, k1, q2, k2, v, lam):
    r = np.sqrt(q1.shape[1])
    A = stable(q1 @ k1.T / r) - lam * stable(q2 @ k2.T / r)
    return A / A.sum(axis=1, keepdims=True) @ v


@wrong(HEAD, "renormalised")
def head_without_negatives(q1, k1, q2, k2, v, lam):
    r = np.sqrt(q1.shape[1])
    return np.clip(stable(q1 @ k1.T / r) - lam * stable(q2 @ k2.T / r), 0, None) @ v


@wrong(HEAD, "too-early")
def head_with_the_factor(q1, k1, q2, k2, v, lam):
    return head_with_numpy(q1, k1, q2, k2, v, lam) * (1 - lam)


@wrong(HEAD, "returns-map")
def head_map_only(q1, k1, q2, k2, v, lam):
    r = np.sqrt(q1.shape[1])
    return stable(q1 @ k1.T / r) - lam * stable(q2 @ k2.T / r)


@wrong(HEAD, "crossed-pairs")
def head_shares_keys(q1, k1, q2, k2, v, lam):
    r = np.sqrt(q1.shape[1])
    return (stable(q1 @ k1.T / r) - lam * stable(q2 @ k1.T / r)) @ v


@wrong(HEAD, "split-values")
def head_halves_the_values(q1, k1, q2, k2, v, lam):
    r, d = np.sqrt(q1.shape[1]), q1.shape[1]
    return stable(q1 @ k1.T / r) @ v[:, :d] - lam * stable(q2 @ k2.T / r) @ v[:, d:]


@wrong(HEAD, "transposed-map")
def head_keys_ask(q1, k1, q2, k2, v, lam):
    r = np.sqrt(q1.shape[1])
    return (stable(k1 @ q1.T / r) - lam * stable(k2 @ q2.T / r)) @ v


@wrong(HEAD, "masked")
def head_causal(q1, k1, q2, k2, v, lam):
    first = F.scaled_dot_product_attention(q1[None], k1[None], v[None], is_causal=True)
    second = F.scaled_dot_product_attention(q2[None], k2[None], v[None], is_causal=True)
    return (first - lam * second)[0]


@wrong(HEAD, "overflow")
def head_naive(q1, k1, q2, k2, v, lam):
    r = np.sqrt(q1.shape[1])
    E1, E2 = np.exp(q1 @ k1.T / r), np.exp(q2 @ k2.T / r)
    return (E1 / E1.sum(1, keepdims=True) - lam * E2 / E2.sum(1, keepdims=True)) @ v


@wrong(HEAD, "pair")
def head_gives_both(q1, k1, q2, k2, v, lam):
    r = np.sqrt(q1.shape[1])
    A = stable(q1 @ k1.T / r) - lam * stable(q2 @ k2.T / r)
    return A @ v, A


@wrong(HEAD, "transposed")
def head_turned(q1, k1, q2, k2, v, lam):
    return head_with_numpy(q1, k1, q2, k2, v, lam).T


@wrong(HEAD, "in-place")
def head_in_place(q1, k1, q2, k2, v, lam):
    q1 /= np.sqrt(q1.shape[1])
    q2 /= np.sqrt(q2.shape[1])
    return (stable(q1 @ k1.T) - lam * stable(q2 @ k2.T)) @ v


@wrong(HEAD, "raises")
def head_forgets_the_transpose(q1, k1, q2, k2, v, lam):
    r = np.sqrt(q1.shape[1])
    return (stable(q1 @ k1 / r) - lam * stable(q2 @ k2 / r)) @ v


@wrong(HEAD, "limited-lambda")
def head_never_adds(q1, k1, q2, k2, v, lam):
    return head_with_numpy(q1, k1, q2, k2, v, max(lam, 0))


@wrong(HEAD, "limited-lambda")
def head_without_the_sign(q1, k1, q2, k2, v, lam):
    return head_with_numpy(q1, k1, q2, k2, v, abs(lam))


@wrong(HEAD, "limited-lambda")
def head_at_most_the_whole_map(q1, k1, q2, k2, v, lam):
    return head_with_numpy(q1, k1, q2, k2, v, np.clip(lam, 0, 1))


@wrong(HEAD, "global-max")
def head_one_maximum_a_map(q1, k1, q2, k2, v, lam):
    def share(q, k):
        scores = q @ k.T / np.sqrt(q.shape[1])
        e = np.exp(scores - scores.max())
        return e / e.sum(1, keepdims=True)

    return (share(q1, k1) - lam * share(q2, k2)) @ v


# 2. Lambda from its vectors

LAMBDA = "11.lambda"


@right(LAMBDA)
def lambda_with_numpy(q1, k1, q2, k2, init):
    return init + np.exp(np.sum(q1 * k1)) - np.exp(np.sum(q2 * k2))


@right(LAMBDA)
def lambda_with_torch(q1, k1, q2, k2, init):
    return torch.exp(torch.dot(q1, k1)) - torch.exp(torch.dot(q2, k2)) + init


@right(LAMBDA)
def lambda_with_loops(q1, k1, q2, k2, init):
    first = second = 0.0
    for a, b, c, d in zip(q1, k1, q2, k2, strict=True):
        first += a * b
        second += c * d
    return math.exp(first) - math.exp(second) + init


@right(LAMBDA)
def lambda_kept_in_a_vector(q1, k1, q2, k2, init):
    return np.exp((q1 * k1).sum(keepdims=True)) - np.exp((q2 * k2).sum(keepdims=True)) + init


@wrong(LAMBDA, "no-exponential")
def lambda_plain(q1, k1, q2, k2, init):
    return q1.dot(k1) - q2.dot(k2) + init


@wrong(LAMBDA, "no-start")
def lambda_forgets_init(q1, k1, q2, k2, init):
    return np.exp(q1.dot(k1)) - np.exp(q2.dot(k2))


@wrong(LAMBDA, "start-sign")
def lambda_minus_init(q1, k1, q2, k2, init):
    return np.exp(q1.dot(k1)) - np.exp(q2.dot(k2)) - init


@wrong(LAMBDA, "start-inside")
def lambda_init_in_the_exponent(q1, k1, q2, k2, init):
    return np.exp(q1.dot(k1)) - np.exp(q2.dot(k2) + init)


@wrong(LAMBDA, "one-exponential")
def lambda_one_exp(q1, k1, q2, k2, init):
    return math.exp(q1 @ k1 - q2 @ k2) + init


@wrong(LAMBDA, "plus")
def lambda_adds(q1, k1, q2, k2, init):
    return torch.exp(q1 @ k1) + torch.exp(q2 @ k2) + init


@wrong(LAMBDA, "swapped")
def lambda_swapped(q1, k1, q2, k2, init):
    return init - np.exp(q1 @ k1) + np.exp(q2 @ k2)


@wrong(LAMBDA, "crossed-pairs")
def lambda_queries_with_queries(q1, k1, q2, k2, init):
    return np.exp(q1 @ q2) - np.exp(k1 @ k2) + init


@wrong(LAMBDA, "elementwise")
def lambda_each_position(q1, k1, q2, k2, init):
    return np.exp(q1 * k1) - np.exp(q2 * k2) + init


@wrong(LAMBDA, "elementwise")
def lambda_sums_too_late(q1, k1, q2, k2, init):
    return sum(math.exp(a * b) for a, b in zip(q1, k1, strict=True)) - sum(
        math.exp(a * b) for a, b in zip(q2, k2, strict=True)
    ) + init  # fmt: skip


@wrong(LAMBDA, "scaled")
def lambda_with_a_scale(q1, k1, q2, k2, init):
    root = np.sqrt(q1.shape[0])
    return np.exp(q1 @ k1 / root) - np.exp(q2 @ k2 / root) + init


@wrong(LAMBDA, "limited")
def lambda_through_a_sigmoid(q1, k1, q2, k2, init):
    return torch.sigmoid((q1 @ k1).exp() - (q2 @ k2).exp() + init)


@wrong(LAMBDA, "limited")
def lambda_at_most_one(q1, k1, q2, k2, init):
    return min(max(np.exp(q1 @ k1) - np.exp(q2 @ k2) + init, 0), 1)


@wrong(LAMBDA, "whole")
def lambda_as_an_integer(q1, k1, q2, k2, init):
    return int(np.exp(q1 @ k1) - np.exp(q2 @ k2) + init)


@wrong(LAMBDA, "precision")
def lambda_rounded(q1, k1, q2, k2, init):
    return (np.exp(q1 @ k1) - np.exp(q2 @ k2) + init) * 1.01


@wrong(LAMBDA, "arguments")
def lambda_without_init(q1, k1, q2, k2):
    return np.exp(q1 @ k1) - np.exp(q2 @ k2) + 0.2


@wrong(LAMBDA, "precision")
def lambda_in_half_precision(q1, k1, q2, k2, init):
    q1, k1, q2, k2 = (np.asarray(x).astype(np.float16) for x in (q1, k1, q2, k2))
    return np.exp(q1 @ k1) - np.exp(q2 @ k2) + np.float16(init)


# 3. The schedule

SCHEDULE = "11.schedule"


@right(SCHEDULE)
def schedule_with_numpy(layer):
    return 0.8 - 0.6 * np.exp(-0.3 * (layer - 1))


@right(SCHEDULE)
def schedule_with_torch(layer):
    return 0.8 - 0.6 * torch.exp(-0.3 * (layer - 1))


@right(SCHEDULE)
def schedule_with_loops(layer):
    value = 0.2
    for _ in range(layer - 1):
        value = 0.8 - (0.8 - value) * math.exp(-0.3)
    return value


@wrong(SCHEDULE, "counts-from-zero")
def schedule_from_zero(layer):
    return 0.8 - 0.6 * math.exp(-0.3 * layer)


@wrong(SCHEDULE, "sign")
def schedule_grows(layer):
    return 0.8 - 0.6 * math.exp(0.3 * (layer - 1))


@wrong(SCHEDULE, "plus")
def schedule_falls(layer):
    return 0.8 + 0.6 * np.exp(-0.3 * (layer - 1))


@wrong(SCHEDULE, "constants")
def schedule_swapped_constants(layer):
    return 0.6 - 0.8 * np.exp(-0.3 * (layer - 1))


@wrong(SCHEDULE, "constants")
def schedule_slower(layer):
    return 0.8 - 0.6 * torch.exp(torch.tensor(-0.03 * (layer - 1)))


@wrong(SCHEDULE, "no-exponential")
def schedule_linear(layer):
    return 0.8 - 0.6 * (-0.3 * (layer - 1))


@wrong(SCHEDULE, "no-exponential")
def schedule_power(layer):
    return 0.8 - 0.6 * 0.3 ** (layer - 1)


@wrong(SCHEDULE, "brackets")
def schedule_minus_one_in_the_exponent(layer):
    return 0.8 - 0.6 * np.exp(-0.3 * layer - 1)


@wrong(SCHEDULE, "brackets")
def schedule_exp_closed_early(layer):
    return 0.8 - 0.6 * np.exp(-0.3) * (layer - 1)


@wrong(SCHEDULE, "constant")
def schedule_constant(layer):
    return 0.8


@wrong(SCHEDULE, "base")
def schedule_of_ten(layer):
    return 0.8 - 0.6 * pow(10, -0.3 * (layer - 1))


@wrong(SCHEDULE, "first-layer")
def schedule_special_first(layer):
    return 0.0 if layer == 1 else schedule_with_numpy(layer)


@wrong(SCHEDULE, "whole")
def schedule_integer(layer):
    return round(schedule_with_numpy(layer))


@wrong(SCHEDULE, "precision")
def schedule_two_decimals(layer):
    return round(schedule_with_numpy(layer), 2)


@wrong(SCHEDULE, "type")
def schedule_text(layer):
    return str(schedule_with_numpy(layer))


# 4. Find the bug

MAP = "11.find-the-bug"


@right(MAP)
def map_with_numpy(scores1, scores2, lam):
    future = np.triu(np.ones_like(scores1), k=1).astype(bool)
    maps = [stable(np.where(future, -np.inf, scores)) for scores in (scores1, scores2)]
    return maps[0] - lam * maps[1]


@right(MAP)
def map_with_torch(scores1, scores2, lam):
    future = torch.ones(scores1.shape).triu(1).bool()
    A1 = scores1.masked_fill(future, float("-inf")).softmax(-1)
    A2 = scores2.masked_fill(future, float("-inf")).softmax(-1)
    return A1 - lam * A2


@right(MAP)
def map_with_loops(scores1, scores2, lam):
    T = len(scores1)
    out = np.zeros((T, T))
    for t in range(T):
        out[t, : t + 1] = stable(scores1[t, : t + 1]) - lam * stable(scores2[t, : t + 1])
    return out


@right(MAP)
def map_with_an_additive_mask(scores1, scores2, lam):
    mask = np.triu(np.full(scores1.shape, -1e9), 1)
    return stable(scores1 + mask) - lam * stable(scores2 + mask)


@wrong(MAP, "mask-after")
def map_as_published(scores1, scores2, lam):
    weights = torch.softmax(scores1, -1) - lam * torch.softmax(scores2, -1)
    return weights + torch.triu(torch.full_like(weights, float("-inf")), diagonal=1)


@wrong(MAP, "mask-after")
def map_as_published_in_numpy(scores1, scores2, lam):
    weights = stable(scores1) - lam * stable(scores2)
    weights[np.triu_indices(len(weights), 1)] = -np.inf
    return weights


@wrong(MAP, "zeroed-after")
def map_zeroed(scores1, scores2, lam):
    return np.tril(stable(scores1) - lam * stable(scores2))


@wrong(MAP, "softmax-again")
def map_softmax_twice(scores1, scores2, lam):
    weights = torch.softmax(scores1, -1) - lam * torch.softmax(scores2, -1)
    future = torch.ones_like(weights).triu(1) > 0
    return weights.masked_fill(future, float("-inf")).softmax(-1)


@wrong(MAP, "zeros-in-scores")
def map_tril_of_the_scores(scores1, scores2, lam):
    return stable(np.tril(scores1)) - lam * stable(np.tril(scores2))


@wrong(MAP, "mask-added")
def map_adds_the_boolean(scores1, scores2, lam):
    visible = torch.ones_like(scores1).tril().bool()
    return torch.softmax(scores1 + visible, -1) - lam * torch.softmax(scores2 + visible, -1)


@wrong(MAP, "no-mask")
def map_without_mask(scores1, scores2, lam):
    return stable(scores1) - lam * stable(scores2)


@wrong(MAP, "one-masked")
def map_masks_the_first(scores1, scores2, lam):
    first = np.where(np.tril(np.ones(scores1.shape)) == 1, scores1, -np.inf)
    return stable(first) - lam * stable(scores2)


@wrong(MAP, "wrong-triangle")
def map_upside_down(scores1, scores2, lam):
    past = torch.ones_like(scores1).tril(-1).bool()
    return scores1.masked_fill(past, -torch.inf).softmax(-1) - lam * scores2.masked_fill(past, -torch.inf).softmax(-1)


@wrong(MAP, "diagonal")
def map_hides_itself(scores1, scores2, lam):
    hidden = torch.ones_like(scores1).triu().bool()
    A1, A2 = (scores.masked_fill(hidden, -torch.inf).softmax(-1) for scores in (scores1, scores2))
    return A1 - lam * A2


@wrong(MAP, "diagonal")
def map_hides_itself_from_the_package(scores1, scores2, lam):
    visible = np.tril(np.ones(scores1.shape), -1) > 0
    return softmax(np.where(visible, scores1, -np.inf)) - lam * softmax(np.where(visible, scores2, -np.inf))


@wrong(MAP, "raises")
def map_of_a_wrong_name(scores1, scores2, lam):
    return softmax(scores) - lam * softmax(scores2)  # noqa: F821


@wrong(MAP, "diagonal")
def map_sees_one_ahead(scores1, scores2, lam):
    future = np.triu(np.ones(scores1.shape), k=2) == 1
    return stable(np.where(future, -np.inf, scores1)) - lam * stable(np.where(future, -np.inf, scores2))


@wrong(MAP, "subtract-before-softmax")
def map_subtracts_scores(scores1, scores2, lam):
    future = np.triu(np.ones(scores1.shape), 1) == 1
    return stable(np.where(future, -np.inf, scores1 - lam * scores2))


@wrong(MAP, "ignores-lambda")
def map_ignores_lambda(scores1, scores2, lam):
    return map_with_numpy(scores1, scores2, 1)


@wrong(MAP, "swapped-maps")
def map_swapped(scores1, scores2, lam):
    return map_with_loops(scores2, scores1, lam)


@wrong(MAP, "wrong-axis")
def map_by_columns(scores1, scores2, lam):
    future = np.triu(np.ones(scores1.shape), 1) == 1
    return stable(np.where(future, -np.inf, scores1), 0) - lam * stable(np.where(future, -np.inf, scores2), 0)


@wrong(MAP, "renormalised")
def map_zeroed_and_mended(scores1, scores2, lam):
    weights = np.tril(stable(scores1) - lam * stable(scores2))
    return weights * (1 - lam) / weights.sum(1, keepdims=True)


@wrong(MAP, "scaled-again")
def map_scaled_again(scores1, scores2, lam):
    root = len(scores1) ** 0.5
    return map_with_numpy(scores1 / root, scores2 / root, lam)


@wrong(MAP, "overflow")
def map_naive(scores1, scores2, lam):
    E1, E2 = np.tril(np.exp(scores1)), np.tril(np.exp(scores2))
    return E1 / E1.sum(1, keepdims=True) - lam * E2 / E2.sum(1, keepdims=True)


@wrong(MAP, "weak-mask")
def map_minus_a_hundred(scores1, scores2, lam):
    mask = np.triu(np.full(scores1.shape, -100.0), 1)
    return stable(scores1 + mask) - lam * stable(scores2 + mask)


@wrong(MAP, "in-place")
def map_writes_into_the_scores(scores1, scores2, lam):
    above = np.triu_indices(len(scores1), 1)
    scores1[above] = -np.inf
    scores2[above] = -np.inf
    return stable(scores1) - lam * stable(scores2)


@wrong(MAP, "transposed")
def map_turned(scores1, scores2, lam):
    return map_with_numpy(scores1, scores2, lam).T


@wrong(MAP, "limited-lambda")
def map_never_adds(scores1, scores2, lam):
    return map_with_numpy(scores1, scores2, max(0.0, lam))


@wrong(MAP, "limited-lambda")
def map_without_the_sign(scores1, scores2, lam):
    return map_with_numpy(scores1, scores2, abs(lam))


@wrong(MAP, "short-mask")
def map_of_twelve(scores1, scores2, lam):
    visible = np.tri(12)[: len(scores1), : len(scores1)] == 1
    return stable(np.where(visible, scores1, -np.inf)) - lam * stable(np.where(visible, scores2, -np.inf))


@wrong(MAP, "weak-mask")
def map_minus_ten_thousand(scores1, scores2, lam):
    visible = np.tri(len(scores1)) == 1
    return stable(np.where(visible, scores1, -1e4)) - lam * stable(np.where(visible, scores2, -1e4))


@wrong(MAP, "each-renormalised")
def map_each_mended(scores1, scores2, lam):
    A1, A2 = np.tril(stable(scores1)), np.tril(stable(scores2))
    return A1 / A1.sum(1, keepdims=True) - lam * A2 / A2.sum(1, keepdims=True)


@wrong(MAP, "global-max")
def map_one_maximum(scores1, scores2, lam):
    def share(scores):
        e = np.tril(np.exp(scores - scores.max()))
        return e / e.sum(1, keepdims=True)

    return share(scores1) - lam * share(scores2)
