"""Chapter 4: self-attention."""

import cmath
import math

import numpy as np
import torch
import torch.nn.functional as F

from diffattn_mini import rotary, scaled_dot_product_attention, softmax

from . import right, wrong

# 1. Causal self-attention

CAUSAL = "04.causal"


@right(CAUSAL)
def from_torch(x, w_q, w_k, w_v):
    x, w_q, w_k, w_v = (torch.as_tensor(a) for a in (x, w_q, w_k, w_v))
    return F.scaled_dot_product_attention(x @ w_q, x @ w_k, x @ w_v, is_causal=True)


@right(CAUSAL)
def from_the_package(x, w_q, w_k, w_v):
    return scaled_dot_product_attention(x @ w_q, x @ w_k, x @ w_v, "causal")[0]


@right(CAUSAL)
def word_by_word(x, w_q, w_k, w_v):
    rows = []
    for t in range(len(x)):
        q, k, v = x[t] @ w_q, x[: t + 1] @ w_k, x[: t + 1] @ w_v
        rows.append(softmax(k @ q / math.sqrt(len(q))) @ v)
    return np.array(rows)


@wrong(CAUSAL, "shared-out-again")
def renormalised_after(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    weights = np.tril(softmax(q @ k.T / np.sqrt(q.shape[1])))
    return weights / weights.sum(axis=1, keepdims=True) @ v


@wrong(CAUSAL, "no-mask")
def looks_ahead(x, w_q, w_k, w_v):
    return scaled_dot_product_attention(x @ w_q, x @ w_k, x @ w_v)[0]


@wrong(CAUSAL, "mask-after")
def wipes_out_after(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    return np.tril(softmax(q @ k.T / np.sqrt(q.shape[1]))) @ v


@wrong(CAUSAL, "zero-scores")
def zeros_for_the_future(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    return softmax(np.tril(q @ k.T / np.sqrt(q.shape[1]))) @ v


@wrong(CAUSAL, "past-hidden")
def mask_turned_round(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    scores = q @ k.T / np.sqrt(q.shape[1])
    scores[np.tril_indices(len(x), -1)] = -np.inf
    return softmax(scores) @ v


@wrong(CAUSAL, "diagonal-hidden")
def hides_itself(x, w_q, w_k, w_v):
    q, k, v = (torch.as_tensor(a) for a in (x @ w_q, x @ w_k, x @ w_v))
    scores = q @ k.T / q.shape[1] ** 0.5
    scores[~torch.ones(len(q), len(q)).tril(-1).bool()] = -torch.inf
    return scores.softmax(-1) @ v


@wrong(CAUSAL, "one-too-far")
def sees_the_next_word(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    scores = q @ k.T / np.sqrt(q.shape[1])
    scores[np.triu_indices(len(x), 2)] = -np.inf
    return softmax(scores) @ v


@wrong(CAUSAL, "no-root")
def root_forgotten(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    return softmax(np.where(np.tri(len(x)) > 0, q @ k.T, -np.inf)) @ v


@wrong(CAUSAL, "wrong-root")
def root_of_the_input_width(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    return softmax(np.where(np.tri(len(x)) > 0, q @ k.T / np.sqrt(x.shape[-1]), -np.inf)) @ v


@wrong(CAUSAL, "roles")
def keys_ask(x, w_q, w_k, w_v):
    return scaled_dot_product_attention(x @ w_k, x @ w_q, x @ w_v, "causal")[0]


@wrong(CAUSAL, "wrong-axis")
def over_columns(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    return softmax(np.where(np.tri(len(x)) > 0, q @ k.T / np.sqrt(q.shape[1]), -np.inf), axis=0) @ v


@wrong(CAUSAL, "weights")
def gives_the_map(x, w_q, w_k, w_v):
    return scaled_dot_product_attention(x @ w_q, x @ w_k, x @ w_v, "causal")[1]


def masked_by(number):
    def answer(x, w_q, w_k, w_v):
        q, k, v = x @ w_q, x @ w_k, x @ w_v
        scores = q @ k.T / np.sqrt(q.shape[1])
        scores[np.triu_indices(len(x), 1)] = number
        return softmax(scores) @ v

    answer.__name__ = f"future_at_{number:g}"
    return answer


@right(CAUSAL)
def sums_of_what_is_seen(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    scores = q @ k.T / q.shape[1] ** 0.5
    outputs = []
    for t, row in enumerate(scores):
        e = np.exp(row[: t + 1] - row[: t + 1].max())
        outputs.append(e @ v[: t + 1] / e.sum())
    return outputs


for low in (-20, -50, -100, -1000, -10_000, -1e6):
    wrong(CAUSAL, "weak-mask")(masked_by(low))
right(CAUSAL)(masked_by(-1e30))


@wrong(CAUSAL, "weak-mask")
def a_hundred_taken_off(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    return softmax(q @ k.T / np.sqrt(q.shape[1]) - 100 * np.triu(np.ones((len(x), len(x))), 1)) @ v


@wrong(CAUSAL, "short-mask")
def mask_of_eight(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    visible = np.tri(8)[: len(x), : len(x)]
    return softmax(np.where(visible > 0, q @ k.T / np.sqrt(q.shape[1]), -np.inf)) @ v


@wrong(CAUSAL, "short-mask")
def mask_of_twelve(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    visible = np.tri(12)[: len(x), : len(x)]
    return softmax(np.where(visible > 0, q @ k.T / np.sqrt(q.shape[1]), -np.inf)) @ v


@wrong(CAUSAL, "overflow")
def plain_exponentials(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    e = np.tril(np.exp(q @ k.T / np.sqrt(q.shape[1])))
    return e @ v / e.sum(1, keepdims=True)


@wrong(CAUSAL, "no-square-root")
def divided_by_d(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    return softmax(np.where(np.tri(len(x)) > 0, q @ k.T / q.shape[1], -np.inf)) @ v


@wrong(CAUSAL, "mask-added")
def ones_taken_off(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    return softmax(q @ k.T / np.sqrt(q.shape[1]) - np.triu(np.ones((len(x), len(x))), 1)) @ v


# 2. Several heads

HEADS = "04.multi-head"


@right(HEADS)
def head_by_head(q, k, v, h):
    d = q.shape[1] // h
    parts = [slice(i * d, (i + 1) * d) for i in range(h)]
    return np.hstack([scaled_dot_product_attention(q[:, p], k[:, p], v[:, p])[0] for p in parts])


@right(HEADS)
def all_heads_in_torch(q, k, v, h):
    q, k, v = (torch.as_tensor(x).unflatten(1, (h, -1)).transpose(0, 1) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v).transpose(0, 1).flatten(1)


@right(HEADS)
def with_einsum(q, k, v, h):
    q, k, v = (x.reshape(len(x), h, -1) for x in (q, k, v))
    scores = np.einsum("thd,shd->hts", q, k) / np.sqrt(q.shape[-1])
    return np.einsum("hts,shd->thd", softmax(scores), v).reshape(len(q), -1)


@wrong(HEADS, "reshape")
def reshapes_across_words(q, k, v, h):
    T, D = q.shape
    q, k, v = (x.reshape(h, T, D // h) for x in (q, k, v))
    return (softmax(q @ k.transpose(0, 2, 1) / np.sqrt(D // h)) @ v).reshape(T, D)


@wrong(HEADS, "glue")
def glues_without_transposing(q, k, v, h):
    T, D = q.shape
    q, k, v = (x.reshape(T, h, D // h).swapaxes(0, 1) for x in (q, k, v))
    return (softmax(q @ k.swapaxes(1, 2) / np.sqrt(D // h)) @ v).reshape(T, D)


@wrong(HEADS, "one-head")
def no_heads(q, k, v, h):
    return scaled_dot_product_attention(q, k, v)[0]


@wrong(HEADS, "wrong-root")
def root_of_the_whole_width(q, k, v, h):
    T, D = q.shape
    q, k, v = (x.reshape(T, h, D // h).swapaxes(0, 1) for x in (q, k, v))
    return (softmax(q @ k.swapaxes(1, 2) / np.sqrt(D)) @ v).swapaxes(0, 1).reshape(T, D)


@wrong(HEADS, "no-root")
def no_root_at_all(q, k, v, h):
    d = q.shape[1] // h
    parts = [slice(i * d, (i + 1) * d) for i in range(h)]
    return np.hstack([softmax(q[:, p] @ k[:, p].T) @ v[:, p] for p in parts])


@wrong(HEADS, "not-glued")
def leaves_heads_apart(q, k, v, h):
    d = q.shape[1] // h
    parts = [slice(i * d, (i + 1) * d) for i in range(h)]
    return np.stack([scaled_dot_product_attention(q[:, p], k[:, p], v[:, p])[0] for p in parts])


@wrong(HEADS, "averaged")
def averages_heads(q, k, v, h):
    return leaves_heads_apart(q, k, v, h).mean(axis=0)


@wrong(HEADS, "causal")
def masks_the_future(q, k, v, h):
    d = q.shape[1] // h
    parts = [slice(i * d, (i + 1) * d) for i in range(h)]
    return np.hstack([scaled_dot_product_attention(q[:, p], k[:, p], v[:, p], "causal")[0] for p in parts])


@wrong(HEADS, "wrong-axis")
def softmax_over_queries(q, k, v, h):
    d = q.shape[1] // h
    parts = [slice(i * d, (i + 1) * d) for i in range(h)]
    return np.hstack([softmax(q[:, p] @ k[:, p].T / np.sqrt(d), axis=0) @ v[:, p] for p in parts])


@wrong(HEADS, "every-other")
def every_other_column(q, k, v, h):
    output = np.zeros_like(q)
    for i in range(h):
        output[:, i::h] = scaled_dot_product_attention(q[:, i::h], k[:, i::h], v[:, i::h])[0]
    return output


@wrong(HEADS, "head-missing")
def last_head_forgotten(q, k, v, h):
    output, d = np.zeros_like(v), q.shape[1] // h
    for i in range(h - 1):
        part = slice(i * d, (i + 1) * d)
        output[:, part] = scaled_dot_product_attention(q[:, part], k[:, part], v[:, part])[0]
    return output


@wrong(HEADS, "heads-reversed")
def last_head_first(q, k, v, h):
    return np.hstack(leaves_heads_apart(q, k, v, h)[::-1])


@wrong(HEADS, "values-whole")
def whole_values(q, k, v, h):
    parts = zip(np.split(q, h, 1), np.split(k, h, 1), strict=True)
    return np.hstack([scaled_dot_product_attention(a, b, v)[0] for a, b in parts])


# 3. A rotation at every place

ROTATE = "04.rotate"


@right(ROTATE)
def with_matrices(x, omega):
    rows = []
    for t, row in enumerate(x):
        c, s = math.cos(omega * t), math.sin(omega * t)
        rows.append(np.array([[c, -s], [s, c]]) @ row)
    return np.array(rows)


@right(ROTATE)
def with_complex_numbers(x, omega):
    turned = [complex(a, b) * cmath.exp(1j * omega * t) for t, (a, b) in enumerate(x)]
    return [[z.real, z.imag] for z in turned]


@right(ROTATE)
def in_torch(x, omega):
    x = torch.as_tensor(x)
    angles = omega * torch.arange(len(x))
    a, b = x.unbind(1)
    return torch.stack([a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()], dim=1)


@right(ROTATE)
def by_the_angle(x, omega):
    lengths, angles = np.hypot(x[:, 0], x[:, 1]), np.arctan2(x[:, 1], x[:, 0])
    angles = angles + omega * np.arange(len(x))
    return lengths[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)


@wrong(ROTATE, "clockwise")
def the_other_way_round(x, omega):
    c, s = np.cos(omega * np.arange(len(x))), np.sin(omega * np.arange(len(x)))
    return np.stack([x[:, 0] * c + x[:, 1] * s, x[:, 1] * c - x[:, 0] * s], axis=1)


@wrong(ROTATE, "from-one")
def places_from_one(x, omega):
    z = (x[:, 0] + 1j * x[:, 1]) * np.exp(1j * omega * np.arange(1, len(x) + 1))
    return np.stack([z.real, z.imag], axis=1)


@wrong(ROTATE, "same-angle")
def one_angle_for_all(x, omega):
    c, s = math.cos(omega), math.sin(omega)
    return x @ np.array([[c, s], [-s, c]])


@wrong(ROTATE, "no-frequency")
def ignores_the_frequency(x, omega):
    return rotary(torch.as_tensor(x))


@wrong(ROTATE, "degrees")
def in_degrees(x, omega):
    z = (x[:, 0] + 1j * x[:, 1]) * np.exp(1j * np.pi / 180 * omega * np.arange(len(x)))
    return np.stack([z.real, z.imag], axis=1)


@wrong(ROTATE, "sign")
def both_plus(x, omega):
    c, s = np.cos(omega * np.arange(len(x))), np.sin(omega * np.arange(len(x)))
    return np.column_stack([x[:, 0] * c + x[:, 1] * s, x[:, 0] * s + x[:, 1] * c])


@wrong(ROTATE, "overwritten")
def overwrites(x, omega):
    y = np.array(x)
    for t in range(len(y)):
        y[t, 0] = y[t, 0] * math.cos(omega * t) - y[t, 1] * math.sin(omega * t)
        y[t, 1] = y[t, 0] * math.sin(omega * t) + y[t, 1] * math.cos(omega * t)
    return y


@wrong(ROTATE, "added")
def adds_a_wave(x, omega):
    angles = omega * np.arange(len(x))
    return x + np.column_stack([np.sin(angles), np.cos(angles)])


@wrong(ROTATE, "stretched")
def only_cosines(x, omega):
    return x * np.cos(omega * np.arange(len(x)))[:, None]


@wrong(ROTATE, "transposed-shape")
def columns_as_rows(x, omega):
    return np.array(with_matrices(x, omega)).T


@wrong(ROTATE, "angle-cut")
def half_a_turn_at_most(x, omega):
    z = (x[:, 0] + 1j * x[:, 1]) * np.exp(1j * (omega * np.arange(len(x)) % np.pi))
    return np.stack([z.real, z.imag], axis=1)


@wrong(ROTATE, "sign-of-frequency")
def always_the_same_way(x, omega):
    return with_matrices(x, abs(omega))


@wrong(ROTATE, "from-end")
def last_place_first(x, omega):
    z = (x[:, 0] + 1j * x[:, 1]) * np.exp(1j * omega * np.arange(len(x))[::-1])
    return np.stack([z.real, z.imag], axis=1)
