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


# 4. The nucleus

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


# 3. A training step

STEP = "07.training-step"


def _soft(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@right(STEP)
def pair_by_pair(W, tokens, rate):
    new = W.copy()
    for now, following in zip(tokens[:-1], tokens[1:], strict=True):
        p = _soft(W[now])
        for word in range(len(W)):
            new[now, word] -= rate * (p[word] - (word == following)) / (len(tokens) - 1)
    return new


@right(STEP)
def by_autograd(W, tokens, rate):
    W = torch.tensor(W, requires_grad=True)
    tokens = torch.as_tensor(tokens)
    loss = F.cross_entropy(W[tokens[:-1]], tokens[1:])
    loss.backward()
    with torch.no_grad():
        return W - rate * W.grad


@right(STEP)
def with_counts(W, tokens, rate):
    counts = np.zeros_like(W)
    for a, b in zip(tokens, tokens[1:], strict=False):
        counts[a, b] += 1
    return W - rate * (counts.sum(1, keepdims=True) * _soft(W) - counts) / (len(tokens) - 1)


@right(STEP)
def with_one_hot_products(W, tokens, rate):
    X, Y = np.eye(len(W))[tokens[:-1]], np.eye(len(W))[tokens[1:]]
    return W - rate * X.T @ (_soft(X @ W) - Y) / len(X)


@wrong(STEP, "not-shifted")
def each_word_itself(W, tokens, rate):
    W = torch.tensor(W, requires_grad=True)
    tokens = torch.as_tensor(tokens)
    F.cross_entropy(W[tokens], tokens).backward()
    return (W - rate * W.grad).detach()


@wrong(STEP, "backwards")
def the_word_before(W, tokens, rate):
    X, Y = np.eye(len(W))[tokens[1:]], np.eye(len(W))[tokens[:-1]]
    return W - rate * X.T @ (_soft(X @ W) - Y) / len(X)


@wrong(STEP, "wrapped")
def rolled(W, tokens, rate):
    X, Y = np.eye(len(W))[tokens], np.eye(len(W))[np.roll(tokens, -1)]
    return W - rate * X.T @ (_soft(X @ W) - Y) / len(X)


@wrong(STEP, "repeats-lost")
def fancy_indexing(W, tokens, rate):
    inputs, targets = tokens[:-1], tokens[1:]
    errors = _soft(W[inputs])
    errors[range(len(targets)), targets] -= 1
    new = W.copy()
    new[inputs] -= rate * errors / len(targets)
    return new


@wrong(STEP, "ascent")
def uphill(W, tokens, rate):
    return 2 * W - with_counts(W, tokens, rate)


@wrong(STEP, "sum")
def summed(W, tokens, rate):
    return with_counts(W, tokens, rate * (len(tokens) - 1))


@wrong(STEP, "divided-by-length")
def over_all_words(W, tokens, rate):
    X, Y = np.eye(len(W))[tokens[:-1]], np.eye(len(W))[tokens[1:]]
    return W - rate * X.T @ (_soft(X @ W) - Y) / len(tokens)


@wrong(STEP, "one-by-one")
def moves_at_once(W, tokens, rate):
    new = W.copy()
    for now, following in zip(tokens[:-1], tokens[1:], strict=True):
        error = _soft(new[now])
        error[following] -= 1
        new[now] -= rate * error / (len(tokens) - 1)
    return new


@wrong(STEP, "no-softmax")
def logits_as_they_are(W, tokens, rate):
    X, Y = np.eye(len(W))[tokens[:-1]], np.eye(len(W))[tokens[1:]]
    return W - rate * X.T @ (X @ W - Y) / len(X)


@wrong(STEP, "no-target")
def pushes_all_down(W, tokens, rate):
    X = np.eye(len(W))[tokens[:-1]]
    return W - rate * X.T @ _soft(X @ W) / len(X)


@wrong(STEP, "columns")
def written_down_a_column(W, tokens, rate):
    X, Y = np.eye(len(W))[tokens[:-1]], np.eye(len(W))[tokens[1:]]
    return W - rate * ((_soft(X @ W) - Y).T @ X) / len(X)


@wrong(STEP, "gradient")
def the_gradient_alone(W, tokens, rate):
    return W - with_counts(W, tokens, 1.0)


@wrong(STEP, "no-rate")
def a_full_step(W, tokens, rate):
    return with_counts(W, tokens, 1.0)


@wrong(STEP, "in-place")
def into_the_same_table(W, tokens, rate):
    W -= W - with_counts(W, tokens, rate)
    return W


@wrong(STEP, "too-large")
def bare_exponentials(W, tokens, rate):
    X, Y = np.eye(len(W))[tokens[:-1]], np.eye(len(W))[tokens[1:]]
    e = np.exp(X @ W)
    return W - rate * X.T @ (e / e.sum(1, keepdims=True) - Y) / len(X)


# 5. The loop that writes

WRITE = "07.generate"


@right(WRITE)
def with_search(W, start, tau, draws):
    text = np.array(start)
    for u in draws:
        total = np.cumsum(_soft(W[text[-1]] / tau))
        text = np.append(text, np.searchsorted(total, u, side="right"))
    return text


@right(WRITE)
def by_walking(W, start, tau, draws):
    text = [int(word) for word in start]
    for u in draws:
        p, total, word = _soft(W[text[-1]] / tau), 0.0, 0
        while word < len(p) and total + p[word] <= u:
            total += p[word]
            word += 1
        text.append(word)
    return text


@right(WRITE)
def with_argmax_of_a_comparison(W, start, tau, draws):
    written, last = [], start[-1]
    for u in draws:
        last = int(np.argmax(_soft(W[last] / tau).cumsum() > u))
        written.append(last)
    return list(start) + written


@right(WRITE)
def with_the_softmax_of_torch(W, start, tau, draws):
    W, text = torch.as_tensor(W), [int(word) for word in start]
    for u in draws:
        text.append(int((torch.softmax(W[text[-1]] / tau, 0).cumsum(0) <= u).sum()))
    return text


def _loop(row, pick, start, draws):
    text = [int(word) for word in start]
    for u in draws:
        text.append(int(pick(row(text), u)))
    return text


def _inverse(p, u):
    return (np.cumsum(p) <= u).sum()


@wrong(WRITE, "greedy")
def the_best_every_time(W, start, tau, draws):
    return _loop(lambda text: W[text[-1]], lambda z, u: z.argmax(), start, draws)


@wrong(WRITE, "stuck")
def always_from_the_start(W, start, tau, draws):
    p = _soft(W[start[-1]] / tau)
    return list(start) + [int(_inverse(p, u)) for u in draws]


@wrong(WRITE, "first-word")
def from_the_first_word(W, start, tau, draws):
    return _loop(lambda text: _soft(W[text[0]] / tau), _inverse, start, draws)


@wrong(WRITE, "temperature-multiplied")
def times_tau(W, start, tau, draws):
    return _loop(lambda text: _soft(W[text[-1]] * tau), _inverse, start, draws)


@wrong(WRITE, "no-temperature")
def without_tau(W, start, tau, draws):
    return _loop(lambda text: _soft(W[text[-1]]), _inverse, start, draws)


@wrong(WRITE, "column")
def the_column(W, start, tau, draws):
    return _loop(lambda text: _soft(W[:, text[-1]] / tau), _inverse, start, draws)


@wrong(WRITE, "same-draw")
def one_draw_for_all(W, start, tau, draws):
    return _loop(lambda text: _soft(W[text[-1]] / tau), lambda p, u: _inverse(p, draws[0]), start, draws)


@wrong(WRITE, "not-summed")
def the_first_above(W, start, tau, draws):
    return _loop(lambda text: _soft(W[text[-1]] / tau), lambda p, u: np.argmax(p > u), start, draws)


@wrong(WRITE, "one-early")
def one_word_early(W, start, tau, draws):
    return _loop(lambda text: _soft(W[text[-1]] / tau), lambda p, u: max(_inverse(p, u) - 1, 0), start, draws)


@wrong(WRITE, "new-alone")
def the_words_written(W, start, tau, draws):
    return with_search(W, start, tau, draws)[len(start) :]


@wrong(WRITE, "all-words")
def rows_of_all_words(W, start, tau, draws):
    return _loop(lambda text: _soft(W[text].mean(0) / tau), _inverse, start, draws)


@wrong(WRITE, "one-word")
def returns_inside_the_loop(W, start, tau, draws):
    text = [int(word) for word in start]
    for u in draws:
        text.append(int(_inverse(_soft(W[text[-1]] / tau), u)))
        return text
    return text


# 6. The cache

KEPT = "07.cache"


def _turned(x, place):
    x = np.asarray(x, dtype=float)
    z = x[0::2] + 1j * x[1::2]
    z = z * np.exp(1j * place * 10000.0 ** (-np.arange(0, len(x), 2) / len(x)))
    return np.stack([z.real, z.imag], -1).ravel()


@right(KEPT)
def key_by_key(q, k, v, keys, values):
    t, d = len(keys), len(q)
    q, kept = _turned(q, t), [*keys, _turned(k, t)]
    scores = np.array([sum(a * b for a, b in zip(q, key, strict=True)) / d**0.5 for key in kept])
    p = _soft(scores)
    return sum(weight * value for weight, value in zip(p, [*values, v], strict=True))


@right(KEPT)
def with_the_attention_of_torch(q, k, v, keys, values):
    t = len(keys)
    q, k = torch.tensor(_turned(q, t)), torch.tensor(_turned(k, t))
    keys = torch.cat([torch.as_tensor(keys), k[None]])
    values = torch.cat([torch.as_tensor(values), torch.as_tensor(v)[None]])
    return F.scaled_dot_product_attention(q[None], keys, values)[0]


@right(KEPT)
def new_word_first(q, k, v, keys, values):
    t = len(keys)
    keys, values = np.vstack([_turned(k, t), keys]), np.vstack([v, values])
    return _soft(keys @ _turned(q, t) / np.sqrt(len(q))) @ values


@right(KEPT)
def turned_back_to_where_it_was(q, k, v, keys, values):
    """The score of the new word with itself needs no turn at all."""
    scores = np.r_[keys @ _turned(q, len(keys)), q @ k] / len(q) ** 0.5
    return _soft(scores) @ np.vstack([values, v])


def _attend(q, k, v, keys, values, root=np.sqrt):
    return _soft(np.vstack([keys, k]) @ q / root(len(q))) @ np.vstack([values, v])


@wrong(KEPT, "place-zero")
def turned_by_nothing(q, k, v, keys, values):
    return _attend(q, k, v, keys, values)


@wrong(KEPT, "off-by-one")
def counted_from_one(q, k, v, keys, values):
    return _attend(_turned(q, len(keys) + 1), _turned(k, len(keys) + 1), v, keys, values)


@wrong(KEPT, "off-by-one")
def place_of_the_word_before(q, k, v, keys, values):
    return _attend(_turned(q, len(keys) - 1), _turned(k, len(keys) - 1), v, keys, values)


@wrong(KEPT, "query-alone")
def key_left_unturned(q, k, v, keys, values):
    return _attend(_turned(q, len(keys)), k, v, keys, values)


@wrong(KEPT, "key-alone")
def query_left_unturned(q, k, v, keys, values):
    return _attend(q, _turned(k, len(keys)), v, keys, values)


@wrong(KEPT, "keys-again")
def all_keys_turned(q, k, v, keys, values):
    t = len(keys)
    keys = np.array([_turned(key, s) for s, key in enumerate(np.vstack([keys, k]))])
    return _soft(keys @ _turned(q, t) / np.sqrt(len(q))) @ np.vstack([values, v])


@wrong(KEPT, "value-turned")
def value_turned_too(q, k, v, keys, values):
    t = len(keys)
    return _attend(_turned(q, t), _turned(k, t), _turned(v, t), keys, values)


@wrong(KEPT, "itself-alone")
def sees_itself(q, k, v, keys, values):
    return v


@wrong(KEPT, "no-root")
def unscaled(q, k, v, keys, values):
    t = len(keys)
    return _attend(_turned(q, t), _turned(k, t), v, keys, values, root=lambda d: 1)


@wrong(KEPT, "no-root")
def divided_by_d(q, k, v, keys, values):
    t = len(keys)
    return _attend(_turned(q, t), _turned(k, t), v, keys, values, root=lambda d: d)


@wrong(KEPT, "equal")
def plain_mean(q, k, v, keys, values):
    return np.vstack([values, v]).mean(axis=0)


@wrong(KEPT, "weights")
def the_weights(q, k, v, keys, values):
    t = len(keys)
    return _soft(np.vstack([keys, _turned(k, t)]) @ _turned(q, t) / np.sqrt(len(q)))


@wrong(KEPT, "turned-back")
def the_other_way(q, k, v, keys, values):
    return _attend(_turned(q, -len(keys)), _turned(k, -len(keys)), v, keys, values)
