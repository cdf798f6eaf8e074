"""Chapter 4: self-attention."""

import cmath
import math

import numpy as np
import torch
import torch.nn.functional as F

from diffattn_mini import rotary, scaled_dot_product_attention, sinusoidal, softmax

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


# 2. The forward of the layer with several heads

FORWARD = "04.forward"


@right(FORWARD)
def head_by_head(x, w_q, w_k, w_v, w_o, h):
    d = x.shape[1] // h
    parts = [slice(i * d, (i + 1) * d) for i in range(h)]
    heads = [scaled_dot_product_attention(x @ w_q[:, p], x @ w_k[:, p], x @ w_v[:, p], "causal")[0] for p in parts]
    return np.hstack(heads) @ w_o


@right(FORWARD)
def all_heads_in_torch(x, w_q, w_k, w_v, w_o, h):
    x, w_q, w_k, w_v, w_o = (torch.as_tensor(a) for a in (x, w_q, w_k, w_v, w_o))
    q, k, v = ((x @ w).unflatten(1, (h, -1)).transpose(0, 1) for w in (w_q, w_k, w_v))
    return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(0, 1).flatten(1) @ w_o


@right(FORWARD)
def with_einsum(x, w_q, w_k, w_v, w_o, h):
    q, k, v = ((x @ w).reshape(len(x), h, -1) for w in (w_q, w_k, w_v))
    scores = np.einsum("thd,shd->hts", q, k) / np.sqrt(q.shape[-1])
    scores[:, np.triu_indices(len(x), 1)[0], np.triu_indices(len(x), 1)[1]] = -np.inf
    return np.einsum("hts,shd->thd", softmax(scores), v).reshape(len(x), -1) @ w_o


@right(FORWARD)
def sums_over_heads(x, w_q, w_k, w_v, w_o, h):
    """concat(head_1 ... head_h) W_O is the sum of head_i times its rows of W_O."""
    d, total = x.shape[1] // h, 0
    for i in range(h):
        p = slice(i * d, (i + 1) * d)
        total = total + scaled_dot_product_attention(x @ w_q[:, p], x @ w_k[:, p], x @ w_v[:, p], "causal")[0] @ w_o[p]
    return total


def heads_of(x, w_q, w_k, w_v, h, mask="causal"):
    q, k, v = (np.split(x @ w, h, axis=1) for w in (w_q, w_k, w_v))
    return [scaled_dot_product_attention(*one, mask)[0] for one in zip(q, k, v, strict=True)]


def map_of(scores):
    return softmax(np.where(np.tri(scores.shape[-1]) > 0, scores, -np.inf), axis=-1)


@wrong(FORWARD, "reshape")
def reshapes_across_words(x, w_q, w_k, w_v, w_o, h):
    T, D = x.shape
    q, k, v = ((x @ w).reshape(h, T, D // h) for w in (w_q, w_k, w_v))
    return (map_of(q @ k.transpose(0, 2, 1) / np.sqrt(D // h)) @ v).reshape(T, D) @ w_o


@wrong(FORWARD, "concatenation")
def joins_without_transposing(x, w_q, w_k, w_v, w_o, h):
    T, D = x.shape
    q, k, v = ((x @ w).reshape(T, h, D // h).swapaxes(0, 1) for w in (w_q, w_k, w_v))
    return (map_of(q @ k.swapaxes(1, 2) / np.sqrt(D // h)) @ v).reshape(T, D) @ w_o


@wrong(FORWARD, "no-output-matrix")
def forgets_the_output_matrix(x, w_q, w_k, w_v, w_o, h):
    return np.hstack(heads_of(x, w_q, w_k, w_v, h))


@wrong(FORWARD, "output-matrix")
def output_matrix_transposed(x, w_q, w_k, w_v, w_o, h):
    return np.hstack(heads_of(x, w_q, w_k, w_v, h)) @ w_o.T


@wrong(FORWARD, "one-head")
def no_heads(x, w_q, w_k, w_v, w_o, h):
    return scaled_dot_product_attention(x @ w_q, x @ w_k, x @ w_v, "causal")[0] @ w_o


@wrong(FORWARD, "wrong-root")
def root_of_the_whole_width(x, w_q, w_k, w_v, w_o, h):
    T, D = x.shape
    q, k, v = ((x @ w).reshape(T, h, D // h).swapaxes(0, 1) for w in (w_q, w_k, w_v))
    return (map_of(q @ k.swapaxes(1, 2) / np.sqrt(D)) @ v).swapaxes(0, 1).reshape(T, D) @ w_o


@wrong(FORWARD, "no-root")
def no_root_at_all(x, w_q, w_k, w_v, w_o, h):
    T, D = x.shape
    q, k, v = ((x @ w).reshape(T, h, D // h).swapaxes(0, 1) for w in (w_q, w_k, w_v))
    return (map_of(q @ k.swapaxes(1, 2)) @ v).swapaxes(0, 1).reshape(T, D) @ w_o


@wrong(FORWARD, "no-mask")
def every_word_sees_all(x, w_q, w_k, w_v, w_o, h):
    return np.hstack(heads_of(x, w_q, w_k, w_v, h, mask=None)) @ w_o


@wrong(FORWARD, "mask-after")
def masks_the_weights(x, w_q, w_k, w_v, w_o, h):
    T, D = x.shape
    q, k, v = ((x @ w).reshape(T, h, D // h).swapaxes(0, 1) for w in (w_q, w_k, w_v))
    weights = np.tril(softmax(q @ k.swapaxes(1, 2) / np.sqrt(D // h)))
    return (weights @ v).swapaxes(0, 1).reshape(T, D) @ w_o


@wrong(FORWARD, "past-hidden")
def hides_the_past(x, w_q, w_k, w_v, w_o, h):
    return np.hstack(heads_of(x, w_q, w_k, w_v, h, mask=np.tri(len(x)).T > 0)) @ w_o


@wrong(FORWARD, "averaged")
def averages_heads(x, w_q, w_k, w_v, w_o, h):
    return np.mean(heads_of(x, w_q, w_k, w_v, h), axis=0)


@wrong(FORWARD, "every-other")
def every_other_column(x, w_q, w_k, w_v, w_o, h):
    q, k, v, output = x @ w_q, x @ w_k, x @ w_v, np.zeros_like(x)
    for i in range(h):
        output[:, i::h] = scaled_dot_product_attention(q[:, i::h], k[:, i::h], v[:, i::h], "causal")[0]
    return output @ w_o


@wrong(FORWARD, "head-missing")
def last_head_forgotten(x, w_q, w_k, w_v, w_o, h):
    heads = heads_of(x, w_q, w_k, w_v, h)
    return np.hstack([*heads[:-1], np.zeros_like(heads[-1])]) @ w_o


@wrong(FORWARD, "heads-reversed")
def last_head_first(x, w_q, w_k, w_v, w_o, h):
    return np.hstack(heads_of(x, w_q, w_k, w_v, h)[::-1]) @ w_o


@wrong(FORWARD, "roles")
def keys_ask_in_every_head(x, w_q, w_k, w_v, w_o, h):
    return np.hstack(heads_of(x, w_k, w_q, w_v, h)) @ w_o


@wrong(FORWARD, "weak-mask")
def future_at_minus_hundred(x, w_q, w_k, w_v, w_o, h):
    T, D = x.shape
    q, k, v = ((x @ w).reshape(T, h, D // h).swapaxes(0, 1) for w in (w_q, w_k, w_v))
    scores = np.where(np.tri(T) > 0, q @ k.swapaxes(1, 2) / np.sqrt(D // h), -100)
    return (softmax(scores) @ v).swapaxes(0, 1).reshape(T, D) @ w_o


@wrong(FORWARD, "overflow")
def plain_exponentials_in_heads(x, w_q, w_k, w_v, w_o, h):
    T, D = x.shape
    q, k, v = ((x @ w).reshape(T, h, D // h).swapaxes(0, 1) for w in (w_q, w_k, w_v))
    e = np.tril(np.exp(q @ k.swapaxes(1, 2) / np.sqrt(D // h)))
    return (e @ v / e.sum(-1, keepdims=True)).swapaxes(0, 1).reshape(T, D) @ w_o


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


# 4. All the pairs of queries and keys

ROPE = "04.rope"


def frequencies(d):
    return [10000 ** (-2 * i / d) for i in range(d // 2)]


@right(ROPE)
def from_the_package_too(x):
    return rotary(torch.as_tensor(x))


@right(ROPE)
def all_pairs_as_complex_numbers(x):
    z = x[:, 0::2] + 1j * x[:, 1::2]
    z = z * np.exp(1j * np.outer(np.arange(len(x)), frequencies(x.shape[1])))
    out = np.empty_like(x)
    out[:, 0::2], out[:, 1::2] = z.real, z.imag
    return out


@right(ROPE)
def pair_by_pair(x):
    return np.hstack([with_matrices(x[:, 2 * i : 2 * i + 2], w) for i, w in enumerate(frequencies(x.shape[1]))])


@right(ROPE)
def by_block_matrices(x):
    rows = []
    for t, row in enumerate(x):
        turn = np.zeros((len(row), len(row)))
        for i, w in enumerate(frequencies(len(row))):
            c, s = math.cos(w * t), math.sin(w * t)
            turn[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = [[c, -s], [s, c]]
        rows.append(turn @ row)
    return rows


@wrong(ROPE, "halves")
def pairs_of_halves(x):
    half = x.shape[1] // 2
    z = (x[:, :half] + 1j * x[:, half:]) * np.exp(1j * np.outer(np.arange(len(x)), frequencies(x.shape[1])))
    return np.hstack([z.real, z.imag])


@wrong(ROPE, "columns-moved")
def concatenates_the_parts(x):
    z = x[:, 0::2] + 1j * x[:, 1::2]
    z = z * np.exp(1j * np.outer(np.arange(len(x)), frequencies(x.shape[1])))
    return np.concatenate([z.real, z.imag], axis=1)


def turned_by(angles):
    def answer(x):
        z = (x[:, 0::2] + 1j * x[:, 1::2]) * np.exp(1j * angles(np.arange(len(x)), np.array(frequencies(x.shape[1]))))
        out = np.empty_like(x)
        out[:, 0::2], out[:, 1::2] = z.real, z.imag
        return out

    return answer


@wrong(ROPE, "one-frequency")
def every_pair_as_fast(x):
    return turned_by(lambda t, w: np.outer(t, w**0))(x)


@wrong(ROPE, "wrong-frequency")
def exponent_without_two(x):
    return turned_by(lambda t, w: np.outer(t, w**0.5))(x)


@wrong(ROPE, "wrong-frequency")
def frequencies_that_grow(x):
    return turned_by(lambda t, w: np.outer(t, 1 / w))(x)


@wrong(ROPE, "wrong-frequency")
def frequencies_in_reverse(x):
    return turned_by(lambda t, w: np.outer(t, w[::-1]))(x)


@wrong(ROPE, "clockwise")
def all_clockwise(x):
    return turned_by(lambda t, w: -np.outer(t, w))(x)


@wrong(ROPE, "from-one")
def all_from_one(x):
    return turned_by(lambda t, w: np.outer(t + 1, w))(x)


@wrong(ROPE, "from-end")
def all_from_the_end(x):
    return turned_by(lambda t, w: np.outer(t[::-1], w))(x)


@wrong(ROPE, "same-angle")
def places_forgotten(x):
    return turned_by(lambda t, w: np.outer(t**0, w))(x)


@wrong(ROPE, "first-pair")
def only_the_first_pair(x):
    y = np.array(x)
    y[:, :2] = with_matrices(x[:, :2], 1.0)
    return y


@wrong(ROPE, "overwritten")
def overwrites_pairs(x):
    y = np.array(x)
    for i, w in enumerate(frequencies(x.shape[1])):
        for t in range(len(y)):
            a, b = 2 * i, 2 * i + 1
            y[t, a] = y[t, a] * math.cos(w * t) - y[t, b] * math.sin(w * t)
            y[t, b] = y[t, a] * math.sin(w * t) + y[t, b] * math.cos(w * t)
    return y


@wrong(ROPE, "added")
def adds_sinusoids(x):
    return x + sinusoidal(*x.shape).double().numpy()
