"""Chapter 12: the Differential Transformer."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from diffattn_mini import attention_weights, lambda_init, rotary

from . import right, wrong


def stable(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def causal(q, k, scale=None):
    scores = q @ k.T / (np.sqrt(q.shape[1]) if scale is None else scale)
    return stable(np.where(np.tril(np.ones(scores.shape)) == 1, scores, -np.inf))


def rms(x, axis=-1, eps=1e-5):
    return x / np.sqrt((x**2).mean(axis=axis, keepdims=True) + eps)


# 1. The whole head

HEAD = "12.head"


def raw(q1, k1, q2, k2, v, lam):
    return (causal(q1, k1) - lam * causal(q2, k2)) @ v


@right(HEAD)
def head_with_the_package(q1, k1, q2, k2, v, lam, layer):
    weights = attention_weights(q1, k1, "causal") - lam * attention_weights(q2, k2, "causal")
    out = weights @ v
    return out * (1 - lambda_init(layer)) / np.sqrt(np.mean(out * out, axis=1)[:, None] + 0.00001)


@right(HEAD)
def head_with_torch(q1, k1, q2, k2, v, lam, layer):
    first, second = (F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True)[0]
                     for q, k in ((q1, k1), (q2, k2)))  # fmt: skip
    head = F.rms_norm(first - lam * second, (v.shape[-1],), eps=1e-5)
    return (0.2 + 0.6 * math.exp(-0.3 * (layer - 1))) * head


@right(HEAD)
def head_with_loops(q1, k1, q2, k2, v, lam, layer):
    T, d = q1.shape
    out = np.zeros((T, 2 * d))
    for t in range(T):
        rows = []
        for q, k in ((q1, k1), (q2, k2)):
            scores = [float(q[t] @ k[s]) / math.sqrt(d) for s in range(t + 1)]
            e = [math.exp(s - max(scores)) for s in scores]
            rows.append([part / sum(e) for part in e])
        for s in range(t + 1):
            out[t] += (rows[0][s] - lam * rows[1][s]) * v[s]
        out[t] *= (1 - lambda_init(layer)) / math.sqrt(sum(x * x for x in out[t]) / (2 * d) + 1e-5)
    return out


@wrong(HEAD, "factor-lambda")
def head_one_minus_lambda(q1, k1, q2, k2, v, lam, layer):
    return (1 - lam) * rms(raw(q1, k1, q2, k2, v, lam))


@wrong(HEAD, "no-factor")
def head_stops_at_the_norm(q1, k1, q2, k2, v, lam, layer):
    return rms(raw(q1, k1, q2, k2, v, lam))


@wrong(HEAD, "factor-before-norm")
def head_factor_first(q1, k1, q2, k2, v, lam, layer):
    return rms(raw(q1, k1, q2, k2, v, lam) * (1 - lambda_init(layer)))


@wrong(HEAD, "factor-init")
def head_times_init(q1, k1, q2, k2, v, lam, layer):
    return lambda_init(layer) * rms(raw(q1, k1, q2, k2, v, lam))


@wrong(HEAD, "counts-from-zero")
def head_own_formula_from_zero(q1, k1, q2, k2, v, lam, layer):
    return (1 - (0.8 - 0.6 * math.exp(-0.3 * layer))) * rms(raw(q1, k1, q2, k2, v, lam))


@wrong(HEAD, "one-layer")
def head_of_the_first_layer(q1, k1, q2, k2, v, lam, layer):
    return 0.8 * rms(raw(q1, k1, q2, k2, v, lam))


@wrong(HEAD, "no-norm")
def head_factor_alone(q1, k1, q2, k2, v, lam, layer):
    return (1 - lambda_init(layer)) * raw(q1, k1, q2, k2, v, lam)


@wrong(HEAD, "norm-over-time")
def head_norm_of_the_whole_text(q1, k1, q2, k2, v, lam, layer):
    x = raw(q1, k1, q2, k2, v, lam)
    return (1 - lambda_init(layer)) * x / np.sqrt((x**2).mean() + 1e-5)


@wrong(HEAD, "norm-over-time")
def head_norm_by_columns(q1, k1, q2, k2, v, lam, layer):
    return (1 - lambda_init(layer)) * rms(raw(q1, k1, q2, k2, v, lam), axis=0)


@wrong(HEAD, "centred")
def head_layer_norm(q1, k1, q2, k2, v, lam, layer):
    x = torch.tensor(raw(q1, k1, q2, k2, v, lam))
    return (1 - lambda_init(layer)) * F.layer_norm(x, (x.shape[-1],))


@wrong(HEAD, "sum")
def head_unit_length(q1, k1, q2, k2, v, lam, layer):
    x = raw(q1, k1, q2, k2, v, lam)
    return (1 - lambda_init(layer)) * x / np.sqrt(np.sum(x**2, axis=1, keepdims=True) + 1e-5)


@wrong(HEAD, "no-root")
def head_without_the_root(q1, k1, q2, k2, v, lam, layer):
    x = raw(q1, k1, q2, k2, v, lam)
    return (1 - lambda_init(layer)) * x / (np.mean(x**2, axis=1, keepdims=True) + 1e-5)


@wrong(HEAD, "eps")
def head_eps_outside(q1, k1, q2, k2, v, lam, layer):
    x = raw(q1, k1, q2, k2, v, lam)
    return (1 - lambda_init(layer)) * x / (np.sqrt(np.mean(x**2, axis=1, keepdims=True)) + 1e-5)


@wrong(HEAD, "norm-each-map")
def head_two_norms(q1, k1, q2, k2, v, lam, layer):
    return (1 - lambda_init(layer)) * (rms(causal(q1, k1) @ v) - lam * rms(causal(q2, k2) @ v))


@wrong(HEAD, "no-mask")
def head_sees_it_all(q1, k1, q2, k2, v, lam, layer):
    x = (attention_weights(q1, k1) - lam * attention_weights(q2, k2)) @ v
    return (1 - lambda_init(layer)) * rms(x)


@wrong(HEAD, "one-masked")
def head_masks_the_first(q1, k1, q2, k2, v, lam, layer):
    x = (attention_weights(q1, k1, "causal") - lam * attention_weights(q2, k2)) @ v
    return (1 - lambda_init(layer)) * rms(x)


@wrong(HEAD, "zeroed-after")
def head_tril_at_the_end(q1, k1, q2, k2, v, lam, layer):
    weights = np.tril(attention_weights(q1, k1) - lam * attention_weights(q2, k2))
    return (1 - lambda_init(layer)) * rms(weights @ v)


@wrong(HEAD, "limited-lambda")
def head_never_adds(q1, k1, q2, k2, v, lam, layer):
    return head_with_the_package(q1, k1, q2, k2, v, max(lam, 0), layer)


@wrong(HEAD, "scale")
def head_unscaled(q1, k1, q2, k2, v, lam, layer):
    x = (causal(q1, k1, 1) - lam * causal(q2, k2, 1)) @ v
    return (1 - lambda_init(layer)) * rms(x)


@wrong(HEAD, "subtract-before-softmax")
def head_one_softmax(q1, k1, q2, k2, v, lam, layer):
    scores = (q1 @ k1.T - lam * q2 @ k2.T) / np.sqrt(q1.shape[1])
    weights = stable(np.where(np.tri(len(scores)) > 0, scores, -np.inf))
    return (1 - lambda_init(layer)) * rms(weights @ v)


@wrong(HEAD, "plus")
def head_adds(q1, k1, q2, k2, v, lam, layer):
    return head_with_the_package(q1, k1, q2, k2, v, -lam, layer)


@wrong(HEAD, "ignores-lambda")
def head_whole_second_map(q1, k1, q2, k2, v, lam, layer):
    return head_with_the_package(q1, k1, q2, k2, v, 1.0, layer)


@wrong(HEAD, "init-for-lambda")
def head_subtracts_the_start(q1, k1, q2, k2, v, lam, layer):
    return head_with_the_package(q1, k1, q2, k2, v, lambda_init(layer), layer)


@wrong(HEAD, "one-map")
def head_ordinary(q1, k1, q2, k2, v, lam, layer):
    return (1 - lambda_init(layer)) * rms(causal(q1, k1) @ v)


@wrong(HEAD, "swapped-maps")
def head_swapped(q1, k1, q2, k2, v, lam, layer):
    return head_with_the_package(q2, k2, q1, k1, v, lam, layer)


@wrong(HEAD, "negatives-clipped")
def head_without_negatives(q1, k1, q2, k2, v, lam, layer):
    weights = np.clip(causal(q1, k1) - lam * causal(q2, k2), 0, None)
    return (1 - lambda_init(layer)) * rms(weights @ v)


@wrong(HEAD, "crossed-pairs")
def head_shares_keys(q1, k1, q2, k2, v, lam, layer):
    return head_with_the_package(q1, k1, q2, k1, v, lam, layer)


@wrong(HEAD, "transposed")
def head_turned(q1, k1, q2, k2, v, lam, layer):
    return head_with_the_package(q1, k1, q2, k2, v, lam, layer).T


@wrong(HEAD, "pair")
def head_gives_the_map_too(q1, k1, q2, k2, v, lam, layer):
    return head_with_the_package(q1, k1, q2, k2, v, lam, layer), causal(q1, k1) - lam * causal(q2, k2)


# 2. Parameters

COUNT = "12.parameters"


@right(COUNT)
def count_by_parts(vocabulary, D, h, n_layers, H):
    d = D // (2 * h)
    attention = 4 * D**2 + 4 * d + 2 * d
    mlp = 3 * D * H
    return vocabulary * D + n_layers * (attention + mlp + D + D) + D


@right(COUNT)
def count_by_building(vocabulary, D, h, n_layers, H):
    d, parts = D // h // 2, [nn.Embedding(vocabulary, D), nn.RMSNorm(D)]
    for _ in range(n_layers):
        parts += [nn.Linear(D, 2 * h * d, bias=False) for _ in "qkvo"] + [nn.RMSNorm(2 * d), nn.RMSNorm(D)]
        parts += [nn.Linear(D, H, bias=False) for _ in range(3)] + [nn.RMSNorm(D), nn.Embedding(4, d)]
    return sum(p.numel() for part in parts for p in part.parameters())


@right(COUNT)
def count_with_fractions(vocabulary, D, h, n_layers, H):
    total = D * (vocabulary + 1)
    for _ in range(n_layers):
        total += D * (4 * D + 3 * H + 2 + 3 / h)
    return total


@wrong(COUNT, "no-lambda")
def count_without_lambda(vocabulary, D, h, n_layers, H):
    return vocabulary * D + n_layers * (4 * D**2 + D // h + 3 * D * H + 2 * D) + D


@wrong(COUNT, "lambda-per-head")
def count_lambda_for_each_head(vocabulary, D, h, n_layers, H):
    d = D // (2 * h)
    return vocabulary * D + n_layers * (4 * D**2 + 4 * d * h + 2 * d + 3 * D * H + 2 * D) + D


@wrong(COUNT, "no-head-norm")
def count_two_vectors(vocabulary, D, h, n_layers, H):
    d = D // (2 * h)
    return vocabulary * D + n_layers * (4 * D**2 + 2 * d + 2 * d + 3 * D * H + 2 * D) + D


@wrong(COUNT, "lambda-count")
def count_lambda_init(vocabulary, D, h, n_layers, H):
    return count_by_parts(vocabulary, D, h, n_layers, H) + n_layers


@wrong(COUNT, "no-head-norm")
def count_without_the_head_norm(vocabulary, D, h, n_layers, H):
    d = D // (2 * h)
    return vocabulary * D + n_layers * (4 * D**2 + 4 * d + 3 * D * H + 2 * D) + D


@wrong(COUNT, "head-norm-per-head")
def count_norm_for_each_head(vocabulary, D, h, n_layers, H):
    d = D // (2 * h)
    return vocabulary * D + n_layers * (4 * D**2 + 4 * d + D + 3 * D * H + 2 * D) + D


@wrong(COUNT, "neither")
def count_ordinary(vocabulary, D, h, n_layers, H):
    return vocabulary * D + n_layers * (4 * D**2 + 3 * D * H + 2 * D) + D


@wrong(COUNT, "wide-d")
def count_d_of_the_head(vocabulary, D, h, n_layers, H):
    d = D // h
    return vocabulary * D + n_layers * (4 * D**2 + 6 * d + 3 * D * H + 2 * D) + D


@wrong(COUNT, "everything-doubled")
def count_two_of_each(vocabulary, D, h, n_layers, H):
    d = D // (2 * h)
    return vocabulary * D + n_layers * (6 * D**2 + 6 * d + 3 * D * H + 2 * D) + D


@wrong(COUNT, "three-projections")
def count_without_the_output(vocabulary, D, h, n_layers, H):
    d = D // (2 * h)
    return vocabulary * D + n_layers * (3 * D**2 + 6 * d + 3 * D * H + 2 * D) + D


@wrong(COUNT, "untied")
def count_with_a_head(vocabulary, D, h, n_layers, H):
    return count_by_parts(vocabulary, D, h, n_layers, H) + vocabulary * D


@wrong(COUNT, "no-embedding")
def count_blocks_alone(vocabulary, D, h, n_layers, H):
    return count_by_parts(0, D, h, n_layers, H)


@wrong(COUNT, "one-layer")
def count_one_layer(vocabulary, D, h, n_layers, H):
    return count_by_parts(vocabulary, D, h, 1, H)


@wrong(COUNT, "all-times-layers")
def count_all_in_every_layer(vocabulary, D, h, n_layers, H):
    return n_layers * count_by_parts(vocabulary, D, h, 1, H)


@wrong(COUNT, "two-matrices")
def count_two_matrices(vocabulary, D, h, n_layers, H):
    return count_by_parts(vocabulary, D, h, n_layers, H) - n_layers * D * H


@wrong(COUNT, "block-norms")
def count_without_the_last_norm(vocabulary, D, h, n_layers, H):
    return count_by_parts(vocabulary, D, h, n_layers, H) - D


@wrong(COUNT, "biases")
def count_with_biases(vocabulary, D, h, n_layers, H):
    return count_by_parts(vocabulary, D, h, n_layers, H) + n_layers * (4 * D + H + H + D)


# 3. The norm over time

NORM = "12.norm-over-time"


@right(NORM)
def norm_with_numpy(heads):
    size = np.sqrt(np.mean(heads**2, axis=2, keepdims=True) + 1e-5)
    return heads / size


@right(NORM)
def norm_with_torch(heads):
    return F.rms_norm(heads, heads.shape[-1:], eps=1e-5)


@right(NORM)
def norm_with_loops(heads):
    return [[word / math.sqrt(word @ word / len(word) + 1e-5) for word in head] for head in heads]


@wrong(NORM, "as-given")
def norm_as_published(heads):
    mean, var = heads.mean(axis=(1, 2), keepdims=True), heads.var(axis=(1, 2), keepdims=True)
    return (heads - mean) / np.sqrt(var + 1e-5)


@wrong(NORM, "as-given")
def norm_group_norm(heads):
    columns = F.group_norm(heads.permute(0, 2, 1).flatten(0, 1)[None], len(heads))
    return columns.unflatten(1, (len(heads), -1))[0].permute(0, 2, 1)


@wrong(NORM, "over-time")
def norm_half_mended(heads):
    return heads / np.sqrt((heads**2).mean(axis=(1, 2), keepdims=True) + 1e-5)


@wrong(NORM, "over-time")
def norm_by_columns(heads):
    return rms(heads, axis=1)


@wrong(NORM, "all-at-once")
def norm_of_everything(heads):
    return heads / np.sqrt((heads**2).mean() + 1e-5)


@wrong(NORM, "over-heads")
def norm_of_all_heads(heads):
    return rms(heads, axis=(0, 2))


@wrong(NORM, "centred")
def norm_of_layers(heads):
    return F.layer_norm(heads, heads.shape[-1:])


@wrong(NORM, "centred")
def norm_only_the_axis_mended(heads):
    mean, var = heads.mean(axis=-1, keepdims=True), heads.var(axis=-1, keepdims=True)
    return (heads - mean) / np.sqrt(var + 1e-5)


@wrong(NORM, "spread")
def norm_by_the_deviation(heads):
    return heads / (heads.std(axis=-1, keepdims=True) + 1e-5)


@wrong(NORM, "sum")
def norm_unit_length(heads):
    return heads / (np.linalg.norm(heads, axis=-1, keepdims=True) + 1e-5)


@wrong(NORM, "no-root")
def norm_without_the_root(heads):
    return heads / ((heads**2).mean(axis=-1, keepdims=True) + 1e-5)


@wrong(NORM, "absolute")
def norm_of_sizes(heads):
    return heads / (np.abs(heads).mean(axis=-1, keepdims=True) + 1e-5)


@wrong(NORM, "eps")
def norm_eps_outside(heads):
    return heads / (np.sqrt((heads**2).mean(axis=-1, keepdims=True)) + 1e-5)


@wrong(NORM, "eps")
def norm_other_eps(heads):
    return rms(heads, eps=1e-6)


@wrong(NORM, "in-place")
def norm_in_place(heads):
    heads /= np.sqrt((heads**2).mean(axis=-1, keepdims=True) + 1e-5)
    return heads


# 4. RoPE on the pair

TURN = "12.turn-pair"


def rotate(x, first=0, base=10000):
    T, d = x.shape
    angle = (first + np.arange(T))[:, None] / base ** (np.arange(0, d, 2) / d)
    z = (x[:, ::2] + 1j * x[:, 1::2]) * np.exp(1j * angle)
    return np.stack([z.real, z.imag], -1).reshape(T, d)


@right(TURN)
def turn_halves(q):
    first, second = np.split(q, 2, axis=1)
    return np.concatenate([rotate(first), rotate(second)], axis=1)


@right(TURN)
def turn_with_torch(q):
    parts = q.unflatten(1, (2, -1)).permute(1, 0, 2)  # (2, T, d)
    return torch.cat(list(rotary(parts)), dim=1)


@right(TURN)
def turn_with_loops(q):
    T, width = q.shape
    d, out = width // 2, np.zeros_like(q)
    for t in range(T):
        for start in (0, d):
            for i in range(0, d, 2):
                angle = t * 10000 ** (-i / d)
                a, b = q[t, start + i], q[t, start + i + 1]
                out[t, start + i] = a * math.cos(angle) - b * math.sin(angle)
                out[t, start + i + 1] = a * math.sin(angle) + b * math.cos(angle)
    return out


@wrong(TURN, "together")
def turn_as_published(q):
    return rotate(q)


@wrong(TURN, "one-turned")
def turn_the_first(q):
    d = q.shape[1] // 2
    return np.hstack([rotate(q[:, :d]), q[:, d:]])


@wrong(TURN, "not-turned")
def turn_nothing(q):
    return q.copy()


@wrong(TURN, "continued")
def turn_one_after_the_other(q):
    d, T = q.shape[1] // 2, len(q)
    rows = rotate(np.vstack([q[:, :d], q[:, d:]]))
    return np.hstack([rows[:T], rows[T:]])


@wrong(TURN, "interleaved")
def turn_even_and_odd(q):
    return np.hstack([rotate(q[:, ::2]), rotate(q[:, 1::2])])


@wrong(TURN, "woven")
def turn_halves_changed_over(q):
    d = q.shape[1] // 2
    return np.hstack([rotate(q[:, d:]), rotate(q[:, :d])])


@wrong(TURN, "same-half")
def turn_the_same_half(q):
    d = q.shape[1] // 2
    return np.hstack([rotate(q[:, :d]), rotate(q[:, :d])])


@wrong(TURN, "stacked")
def turn_below_one_another(q):
    d = q.shape[1] // 2
    return np.concatenate([rotate(q[:, :d]), rotate(q[:, d:])])


@wrong(TURN, "one-half")
def turn_half_alone(q):
    return rotate(q[:, : q.shape[1] // 2])


@wrong(TURN, "twice")
def turn_both_ways(q):
    return turn_halves(rotate(q))


@wrong(TURN, "backwards")
def turn_the_second_back(q):
    d = q.shape[1] // 2
    second = np.concatenate([rotate(q[t : t + 1, d:], first=-t) for t in range(len(q))])
    return np.hstack([rotate(q[:, :d]), second])


@wrong(TURN, "wide-frequencies")
def turn_slowly(q):
    d = q.shape[1] // 2
    return np.hstack([rotate(q[:, :d], base=100), rotate(q[:, d:], base=100)])


@wrong(TURN, "subtracted")
def turn_and_subtract(q):
    d = q.shape[1] // 2
    return rotate(q[:, :d]) - rotate(q[:, d:])


@wrong(TURN, "raises")
def turn_of_a_wrong_name(q):
    return np.hstack([rotate(q1), rotate(q2)])  # noqa: F821
