"""Chapter 3: attention as a soft look-up."""

import math

import numpy as np
import torch

from diffattn_mini import scaled_dot_product_attention, softmax

from . import right, wrong

# 1. Kernel regression

KERNEL = "03.kernel-regression"


@right(KERNEL)
def with_outer(queries, keys, values, T):
    scores = -np.subtract.outer(queries, keys) ** 2 / (2 * T)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (e @ values) / e.sum(axis=1)


@right(KERNEL)
def with_loops(queries, keys, values, T):
    answers = []
    for q in queries:
        scores = [-((q - k) ** 2) / 2 / T for k in keys]
        top = max(scores)
        weights = [math.exp(s - top) for s in scores]
        answers.append(sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights))
    return answers


@right(KERNEL)
def in_torch(queries, keys, values, T):
    queries, keys, values = (torch.as_tensor(x) for x in (queries, keys, values))
    return torch.softmax(-((queries[:, None] - keys) ** 2) / (2 * T), dim=1) @ values


@right(KERNEL)
def without_the_square_of_the_query(queries, keys, values, T):
    return softmax((np.outer(queries, keys) - keys**2 / 2) / T) @ values


@wrong(KERNEL, "overflow")
def formula_as_it_stands(queries, keys, values, T):
    e = np.exp(-((queries[:, None] - keys[None, :]) ** 2) / (2 * T))
    return (e / e.sum(1)[:, None]) @ values


@wrong(KERNEL, "sign")
def far_is_near(queries, keys, values, T):
    return softmax((queries[:, None] - keys) ** 2 / (2 * T), axis=1) @ values


@wrong(KERNEL, "temperature")
def multiplied_by_T(queries, keys, values, T):
    return softmax(-0.5 * T * (queries[:, None] - keys) ** 2) @ values


@wrong(KERNEL, "half")
def no_half(queries, keys, values, T):
    return softmax(-((queries[:, None] - keys) ** 2) / T) @ values


@wrong(KERNEL, "no-square")
def absolute_distance(queries, keys, values, T):
    return softmax(-abs(queries[:, None] - keys) / 2 / T) @ values


@wrong(KERNEL, "nearest")
def nearest_key(queries, keys, values, T):
    return [values[np.argmin(abs(q - keys))] for q in queries]


@wrong(KERNEL, "wrong-axis")
def over_the_queries(queries, keys, values, T):
    return softmax(-((queries[:, None] - keys) ** 2) / 2 / T, axis=0) @ values


@wrong(KERNEL, "not-normalised")
def kernels_summed(queries, keys, values, T):
    return (np.exp(-((queries[:, None] - keys) ** 2) / 2 / T) * values).sum(axis=1)


@wrong(KERNEL, "weights")
def only_weights(queries, keys, values, T):
    return softmax(-((queries[:, None] - keys) ** 2) / 2 / T)


@wrong(KERNEL, "keys-mixed")
def mixes_hours(queries, keys, values, T):
    return softmax(-((queries[:, None] - keys) ** 2) / 2 / T) @ keys


@wrong(KERNEL, "floor")
def never_colder_than_a_tenth(queries, keys, values, T):
    return with_outer(queries, keys, values, max(T, 0.1))


@wrong(KERNEL, "floor")
def a_grain_more_than_T(queries, keys, values, T):
    return with_outer(queries, keys, values, T + 1e-6)


@wrong(KERNEL, "interpolated")
def along_a_straight_line(queries, keys, values, T):
    return np.interp(queries, keys, values)


@wrong(KERNEL, "product")
def scores_by_product(queries, keys, values, T):
    return softmax(np.outer(queries, keys) / T) @ values


@wrong(KERNEL, "in-place")
def counts_from_noon(queries, keys, values, T):
    keys -= 12
    return softmax(-((queries[:, None] - 12 - keys) ** 2) / 2 / T) @ values


# 2. Attention

ATTENTION = "03.attention"


@right(ATTENTION)
def from_torch(q, k, v):
    return torch.nn.functional.scaled_dot_product_attention(*(torch.as_tensor(x) for x in (q, k, v)))


@right(ATTENTION)
def from_the_package(q, k, v):
    return scaled_dot_product_attention(q, k, v)[0]


@right(ATTENTION)
def query_by_query(q, k, v):
    rows = []
    for query in q:
        scores = np.array([query @ key for key in k]) / math.sqrt(len(query))
        e = np.exp(scores - scores.max())
        rows.append((e[:, None] * v).sum(0) / e.sum())
    return np.stack(rows)


@right(ATTENTION)
def with_einsum(q, k, v):
    scores = np.einsum("td,sd->ts", q, k) * q.shape[1] ** -0.5
    return np.einsum("ts,se->te", softmax(scores), v)


@wrong(ATTENTION, "overflow")
def plain_exponentials(q, k, v):
    e = np.exp(q @ k.T / math.sqrt(q.shape[1]))
    return e @ v / e.sum(axis=1, keepdims=True)


@wrong(ATTENTION, "no-root")
def root_forgotten(q, k, v):
    return softmax(q @ k.T, axis=1) @ v


@wrong(ATTENTION, "wrong-root")
def divided_by_d(q, k, v):
    return softmax(q @ k.T / q.shape[1]) @ v


@wrong(ATTENTION, "wrong-root")
def root_of_the_number_of_keys(q, k, v):
    return softmax(q @ k.T / np.sqrt(k.shape[0])) @ v


@wrong(ATTENTION, "root-after")
def root_after_softmax(q, k, v):
    return softmax(q @ k.T) / np.sqrt(q.shape[-1]) @ v


@wrong(ATTENTION, "wrong-axis")
def over_queries(q, k, v):
    return softmax(q @ k.T / np.sqrt(q.shape[-1]), axis=0) @ v


@wrong(ATTENTION, "no-softmax")
def scores_alone(q, k, v):
    return (q @ k.T / np.sqrt(q.shape[-1])) @ v


@wrong(ATTENTION, "roles")
def mixes_the_keys(q, k, v):
    return softmax(q @ k.T / np.sqrt(q.shape[-1])) @ k


@wrong(ATTENTION, "hard")
def best_key_only(q, k, v):
    return v[np.argmax(q @ k.T, axis=1)]


@wrong(ATTENTION, "weights")
def only_the_map(q, k, v):
    return softmax(q @ k.T / np.sqrt(q.shape[-1]))


@wrong(ATTENTION, "global-max")
def one_maximum_for_all(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[1])
    e = np.exp(scores - np.max(scores))
    return e / e.sum(1, keepdims=True) @ v


@wrong(ATTENTION, "not-normalised")
def exponentials_alone(q, k, v):
    return np.exp(q @ k.T / np.sqrt(q.shape[1])) @ v


@wrong(ATTENTION, "distance")
def nearness(q, k, v):
    return softmax(-torch.cdist(torch.as_tensor(q), torch.as_tensor(k)).numpy() ** 2 / 2) @ v


@wrong(ATTENTION, "transposed")
def columns_for_rows(q, k, v):
    return with_einsum(q, k, v).T


@right(ATTENTION)
def in_single_precision(q, k, v):
    q, k, v = (torch.as_tensor(x).float() for x in (q, k, v))
    return (q @ k.T / k.shape[1] ** 0.5).softmax(1) @ v


# 3. The gradient with respect to the query

GRADIENT = "03.query-gradient"


@right(GRADIENT)
def as_a_covariance(q, k, v):
    p = softmax(k @ q / np.sqrt(len(q)))
    mean_key, mean_value = p @ k, p @ v
    return sum(p[i] * (v[i] - mean_value) * (k[i] - mean_key) for i in range(len(p))) / np.sqrt(len(q))


@right(GRADIENT)
def through_the_whole_jacobian(q, k, v):
    p = softmax(k @ q / np.sqrt(len(q)))
    return v @ (np.diag(p) - np.outer(p, p)) @ k / np.sqrt(len(q))


@right(GRADIENT)
def by_autograd(q, k, v):
    q = torch.as_tensor(q).clone().requires_grad_()
    k, v = torch.as_tensor(k), torch.as_tensor(v)
    (torch.softmax(k @ q / len(q) ** 0.5, dim=0) @ v).backward()
    return q.grad


@wrong(GRADIENT, "no-root")
def last_root_forgotten(q, k, v):
    p = softmax(k @ q / np.sqrt(len(q)))
    return v @ (np.diag(p) - np.outer(p, p)) @ k


@wrong(GRADIENT, "scores-without-root")
def no_root_in_the_scores(q, k, v):
    p = softmax(k @ q)
    return (p * (v - p @ v)) @ k / np.sqrt(len(q))


@wrong(GRADIENT, "twice-root")
def divided_by_d_at_the_end(q, k, v):
    p = softmax(k @ q / np.sqrt(len(q)))
    return (p * (v - p @ v)) @ k / len(q)


@wrong(GRADIENT, "weights-fixed")
def sum_not_fixed(q, k, v):
    p = softmax(k @ q / np.sqrt(len(q)))
    return sum(p[i] * v[i] * k[i] for i in range(len(p))) / np.sqrt(len(q))


@wrong(GRADIENT, "plain-mean")
def plain_mean_taken(q, k, v):
    p = softmax(k @ q / np.sqrt(len(q)))
    return (p * (v - np.mean(v))) @ k / np.sqrt(len(q))


@wrong(GRADIENT, "unweighted")
def plain_covariance(q, k, v):
    return np.mean((v - v.mean())[:, None] * (k - k.mean(0)), axis=0) / np.sqrt(len(q))


@wrong(GRADIENT, "diagonal")
def only_the_diagonal(q, k, v):
    p = softmax(k @ q / np.sqrt(len(q)))
    return (p * (1 - p) * v) @ k / np.sqrt(len(q))


@wrong(GRADIENT, "answer")
def the_answer_itself(q, k, v):
    return softmax(k @ q / np.sqrt(len(q))) @ v


@wrong(GRADIENT, "by-scores")
def stops_at_the_scores(q, k, v):
    p = softmax(k @ q / np.sqrt(len(q)))
    return p * (v - p @ v)


@wrong(GRADIENT, "sign")
def other_way_round(q, k, v):
    p = softmax(k @ q / np.sqrt(len(q)))
    return (p * (p @ v - v)) @ k / np.sqrt(len(q))


def _o(q, k, v):
    return softmax(k @ q / np.sqrt(len(q))) @ v


@wrong(GRADIENT, "difference")
def by_differences(q, k, v):
    return [(_o(q + 1e-6 * e, k, v) - _o(q, k, v)) / 1e-6 for e in np.eye(len(q))]


@wrong(GRADIENT, "difference")
def by_central_differences(q, k, v):
    return [(_o(q + 1e-4 * e, k, v) - _o(q - 1e-4 * e, k, v)) / 2e-4 for e in np.eye(len(q))]


@wrong(GRADIENT, "mean-key")
def the_mean_key(q, k, v):
    return softmax(k @ q / np.sqrt(len(q))) @ k
