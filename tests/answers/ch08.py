"""Answers to the exercises of chapter 8."""

import math

import numpy as np
import torch

from . import right, wrong

# 1. Multiply-adds

OPERATIONS = "08.operations"


@right(OPERATIONS)
def product_by_product(N, D, n):
    def product(rows, inner, columns):
        return rows * inner * columns

    attention = 4 * product(N, D, D) + product(N, D, N) + product(N, N, D)
    gate = product(n, D, 1) + product(n, n, 1)
    return attention, N * 4 * gate


@right(OPERATIONS)
def factored(N, D, n):
    return [2 * N * D * (2 * D + N), 4 * n * N * (n + D)]


@right(OPERATIONS)
def counted_by_torch(N, D, n):
    from torch.utils.flop_counter import FlopCounterMode

    x, W = torch.zeros(N, D), torch.zeros(D, D)
    with FlopCounterMode(display=False) as attention:
        q, k, v = x @ W, x @ W, x @ W
        (q @ k.T @ v) @ W
    with FlopCounterMode(display=False) as lstm:
        for t in range(N):
            x[t : t + 1] @ torch.zeros(D, 4 * n) + torch.zeros(1, n) @ torch.zeros(n, 4 * n)
    return torch.tensor([attention.get_total_flops() / 2, lstm.get_total_flops() / 2], dtype=torch.float64)


def lstm(N, D, n):
    return 4 * N * n * (D + n)


def attention(N, D):
    return 4 * N * D * D + 2 * N * N * D


@wrong(OPERATIONS, "three-projections")
def q_k_and_v(N, D, n):
    return [3 * N * D * D + 2 * N * N * D, lstm(N, D, n)]


@wrong(OPERATIONS, "map-once")
def scores_alone(N, D, n):
    return [4 * N * D * D + N * N * D, lstm(N, D, n)]


@wrong(OPERATIONS, "no-map")
def projections_alone(N, D, n):
    return [4 * N * D * D, lstm(N, D, n)]


@wrong(OPERATIONS, "no-projections")
def map_alone(N, D, n):
    return [2 * N * N * D, lstm(N, D, n)]


@wrong(OPERATIONS, "cells")
def one_for_each_cell(N, D, n):
    return [4 * N * D * D + 2 * N * N, lstm(N, D, n)]


@wrong(OPERATIONS, "causal")
def half_of_the_map(N, D, n):
    return [4 * N * D * D + 2 * D * N * (N + 1) // 2, lstm(N, D, n)]


@wrong(OPERATIONS, "one-word")
def lstm_of_one_word(N, D, n):
    return [attention(N, D), 4 * n * (D + n)]


@wrong(OPERATIONS, "one-gate")
def like_a_plain_rnn(N, D, n):
    return [attention(N, D), N * (n * D + n * n)]


@wrong(OPERATIONS, "one-gate")
def three_gates(N, D, n):
    return [attention(N, D), 3 * N * (n * D + n * n)]


@wrong(OPERATIONS, "no-state")
def input_weights_alone(N, D, n):
    return [attention(N, D), 4 * N * n * D]


@wrong(OPERATIONS, "square-state")
def as_in_the_formula(N, D, n):
    return [attention(N, D), 8 * N * D * D]


@wrong(OPERATIONS, "sum-squared")
def square_of_the_sum(N, D, n):
    return [attention(N, D), 4 * N * (D + n) ** 2]


@wrong(OPERATIONS, "twice")
def operations_of_floating_point(N, D, n):
    return [2 * attention(N, D), 2 * lstm(N, D, n)]


@wrong(OPERATIONS, "order")
def lstm_first(N, D, n):
    return lstm(N, D, n), attention(N, D)


@wrong(OPERATIONS, "one-of-two")
def both_added(N, D, n):
    return attention(N, D) + lstm(N, D, n)


@wrong(OPERATIONS, "extras")
def offsets_too(N, D, n):
    return [attention(N, D), 4 * N * n * (D + n + 1)]


@wrong(OPERATIONS, "extras")
def softmax_too(N, D, n):
    return [attention(N, D) + N * N, lstm(N, D, n)]


@wrong(OPERATIONS, "no-word")
def state_weights_alone(N, D, n):
    return [attention(N, D), 4 * N * n * n]


# 2. The memory of the stack

CACHE = "08.kv-cache-memory"


@right(CACHE)
def width_of_all_key_heads(N, D, layers, n_heads, n_kv_heads, size):
    kv_dim = D * n_kv_heads / n_heads
    return size * (kv_dim + kv_dim) * N * layers


@right(CACHE)
def layer_by_layer(N, D, layers, n_heads, n_kv_heads, size):
    total = 0
    for _ in range(layers):
        for _ in ("keys", "values"):
            total += math.prod((n_kv_heads, N, D // n_heads)) * size
    return total


KINDS = {1: torch.int8, 2: torch.float16, 4: torch.float32, 8: torch.float64}


@right(CACHE)
def with_torch_tensors(N, D, layers, n_heads, n_kv_heads, size):
    k = torch.empty(1, n_kv_heads, N, D // n_heads, dtype=KINDS[size])
    return 2 * layers * k.numel() * k.element_size()


@wrong(CACHE, "keys-only")
def no_values(N, D, layers, n_heads, n_kv_heads, size):
    return N * layers * n_kv_heads * (D // n_heads) * size


@wrong(CACHE, "queries-too")
def three_of_everything(N, D, layers, n_heads, n_kv_heads, size):
    return 3 * N * layers * n_kv_heads * (D // n_heads) * size


@wrong(CACHE, "not-shared")
def full_heads(N, D, layers, n_heads, n_kv_heads, size):
    return 2 * N * layers * D * size


@wrong(CACHE, "upside-down")
def ratio_upside_down(N, D, layers, n_heads, n_kv_heads, size):
    return 2 * N * layers * D * n_heads / n_kv_heads * size


@wrong(CACHE, "full-width")
def heads_of_full_width(N, D, layers, n_heads, n_kv_heads, size):
    return 2 * N * layers * n_kv_heads * D * size


@wrong(CACHE, "wrong-head-width")
def one_key_head(N, D, layers, n_heads, n_kv_heads, size):
    return 2 * N * layers * (D // n_heads) * size


@wrong(CACHE, "one-layer")
def a_single_layer(N, D, layers, n_heads, n_kv_heads, size):
    return 2 * N * n_kv_heads * (D // n_heads) * size


@wrong(CACHE, "one-word")
def for_each_word(N, D, layers, n_heads, n_kv_heads, size):
    return 2 * layers * n_kv_heads * (D // n_heads) * size


@wrong(CACHE, "squared")
def maps_kept(N, D, layers, n_heads, n_kv_heads, size):
    return layers * n_heads * N**2 * size


@wrong(CACHE, "numbers")
def numbers_not_bytes(N, D, layers, n_heads, n_kv_heads, size):
    return 2 * N * layers * n_kv_heads * (D // n_heads)


@wrong(CACHE, "bits")
def in_bits(N, D, layers, n_heads, n_kv_heads, size):
    return 2 * N * layers * n_kv_heads * (D // n_heads) * size * 8


@wrong(CACHE, "megabytes")
def in_megabytes(N, D, layers, n_heads, n_kv_heads, size):
    return 2 * N * layers * n_kv_heads * (D // n_heads) * size / 10**6


@wrong(CACHE, "fixed-size")
def always_half_precision(N, D, layers, n_heads, n_kv_heads, size):
    return 2 * N * layers * n_kv_heads * (D // n_heads) * 2


@wrong(CACHE, "fixed-size")
def always_single_precision(N, D, layers, n_heads, n_kv_heads, size):
    return 2 * N * layers * n_kv_heads * (D // n_heads) * 4


@wrong(CACHE, "queries-too")
def queries_of_all_heads(N, D, layers, n_heads, n_kv_heads, size):
    return N * layers * (n_heads + 2 * n_kv_heads) * (D // n_heads) * size


# 3. Linear attention

LINEAR = "08.linear-attention"


@right(LINEAR)
def word_by_word(q, k, v):
    S, z, outputs = 0, 0, []
    for query, key, value in zip(q, k, v, strict=True):
        S = S + np.outer(key, value)
        z = z + key
        outputs.append(query @ S / query.dot(z))
    return np.array(outputs)


@right(LINEAR)
def in_torch(q, k, v):
    q, k, v = (torch.as_tensor(a) for a in (q, k, v))
    weights = (q @ k.T).tril()
    return (weights / weights.sum(-1, keepdim=True)) @ v


@right(LINEAR)
def value_with_a_one(q, k, v):
    v = np.hstack([v, np.ones((len(v), 1))])  # the column of ones gives the sum of the weights
    both = np.array([q[t] @ k[: t + 1].T @ v[: t + 1] for t in range(len(q))])
    return both[:, :-1] / both[:, -1:]


@wrong(LINEAR, "not-divided")
def numerator_alone(q, k, v):
    S, outputs = np.zeros((k.shape[1], v.shape[1])), []
    for t in range(len(q)):
        S = S + np.outer(k[t], v[t])
        outputs.append(q[t] @ S)
    return np.array(outputs)


@wrong(LINEAR, "all-words")
def without_the_mask(q, k, v):
    return q @ (k.T @ v) / (q @ k.sum(axis=0))[:, None]


@wrong(LINEAR, "future-below")
def divisor_of_all(q, k, v):
    S, outputs = np.zeros((k.shape[1], v.shape[1])), []
    for t in range(len(q)):
        S = S + np.outer(k[t], v[t])
        outputs.append(q[t] @ S / (q[t] @ k.sum(axis=0)))
    return np.array(outputs)


@wrong(LINEAR, "not-itself")
def asks_before_it_writes(q, k, v):
    S, z, outputs = np.zeros((k.shape[1], v.shape[1])), np.zeros(k.shape[1]), []
    for t in range(len(q)):
        outputs.append(q[t] @ S / (q[t] @ z))
        S, z = S + np.outer(k[t], v[t]), z + k[t]
    return np.array(outputs)


@wrong(LINEAR, "softmax")
def ordinary_attention(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[-1])
    scores[np.triu_indices(len(q), 1)] = -np.inf
    weights = np.exp(scores)
    return weights / weights.sum(-1, keepdims=True) @ v


@wrong(LINEAR, "phi-again")
def elu_once_more(q, k, v):
    return word_by_word(np.where(q > 0, q + 1, np.exp(q)), np.where(k > 0, k + 1, np.exp(k)), v)


@wrong(LINEAR, "by-count")
def mean_over_words(q, k, v):
    return np.stack([q[t] @ k[: t + 1].T @ v[: t + 1] / (t + 1) for t in range(len(q))])


@wrong(LINEAR, "sum-of-keys")
def divided_by_z_alone(q, k, v):
    return np.stack([q[t] @ k[: t + 1].T @ v[: t + 1] / k[: t + 1].sum() for t in range(len(q))])


@wrong(LINEAR, "this-key-only")
def divided_by_the_last_score(q, k, v):
    return np.stack([q[t] @ k[: t + 1].T @ v[: t + 1] / (q[t] @ k[t]) for t in range(len(q))])


@wrong(LINEAR, "last-only")
def final_sums(q, k, v):
    S = sum(np.outer(key, value) for key, value in zip(k, v, strict=True))
    return q[-1] @ S / (q[-1] @ k.sum(axis=0))


@wrong(LINEAR, "swapped")
def keys_ask(q, k, v):
    return word_by_word(k, q, v)


@wrong(LINEAR, "weights")
def map_returned(q, k, v):
    weights = np.tril(q @ k.T)
    return weights / weights.sum(axis=-1, keepdims=True)


@wrong(LINEAR, "grain-below")
def never_by_zero(q, k, v):
    weights = np.tril(q @ k.T)
    return weights @ v / (weights.sum(axis=1, keepdims=True) + 1e-6)


@wrong(LINEAR, "future-above")
def all_values(q, k, v):
    return q @ (k.T @ v) / (q * np.cumsum(k, axis=0)).sum(1, keepdims=True)


@wrong(LINEAR, "one-query")
def asks_at_the_end(q, k, v):
    return word_by_word(np.tile(q[-1], (len(q), 1)), k, v)


@wrong(LINEAR, "grain-below")
def at_least_a_hundredth_below(q, k, v):
    weights = np.tril(q @ k.T)
    return weights @ v / np.maximum(weights.sum(axis=1, keepdims=True), 0.01)
