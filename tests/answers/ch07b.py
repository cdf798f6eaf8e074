"""Chapter 7b: inside a Transformer."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from . import right, wrong

# 1. Without one head

HEAD = "07b.without-head"


@right(HEAD)
def sum_of_heads(heads, w_o, off):
    d = heads.shape[2]
    return sum(heads[i] @ w_o[i * d : (i + 1) * d] for i in range(len(heads)) if i != off) + np.zeros(
        (heads.shape[1], w_o.shape[1])
    )


@right(HEAD)
def rows_of_the_matrix(heads, w_o, off):
    d, w = heads.shape[2], w_o.copy()
    w[off * d : (off + 1) * d] = 0
    return np.concatenate(list(heads), axis=1) @ w


@right(HEAD)
def torch_head(heads, w_o, off):
    heads = torch.as_tensor(heads).clone()
    heads[off] = 0
    return heads.transpose(0, 1).flatten(1) @ torch.as_tensor(w_o)


@right(HEAD)
def einsum_head(heads, w_o, off):
    h, T, d = heads.shape
    keep = np.arange(h) != off
    return np.einsum("htd,hdD->tD", heads[keep], w_o.reshape(h, d, -1)[keep])


@wrong(HEAD, "not-off")
def whole_layer(heads, w_o, off):
    return np.concatenate(list(heads), axis=-1) @ w_o


@wrong(HEAD, "others-off")
def only_this_head(heads, w_o, off):
    d = heads.shape[2]
    return heads[off] @ w_o[off * d : (off + 1) * d]


@wrong(HEAD, "from-one")
def counts_from_one(heads, w_o, off):
    kept = heads.copy()
    kept[off - 1] = 0
    return np.concatenate(list(kept), axis=1) @ w_o


@wrong(HEAD, "word-off")
def silences_a_word(heads, w_o, off):
    kept = heads.copy()
    kept[:, off % kept.shape[1]] = 0
    return np.concatenate(list(kept), axis=1) @ w_o


@wrong(HEAD, "not-transposed")
def reshapes_at_once(heads, w_o, off):
    h, T, d = heads.shape
    kept = heads * (np.arange(h) != off)[:, None, None]
    return kept.reshape(T, h * d) @ w_o


@wrong(HEAD, "interleaved")
def stacks_on_the_last_axis(heads, w_o, off):
    kept = heads * (np.arange(len(heads)) != off)[:, None, None]
    return np.stack(list(kept), axis=-1).reshape(heads.shape[1], -1) @ w_o


@wrong(HEAD, "rescaled")
def as_dropout(heads, w_o, off):
    return sum_of_heads(heads, w_o, off) / max(1 - 1 / len(heads), 1 / len(heads))


@wrong(HEAD, "mean")
def its_own_mean(heads, w_o, off):
    kept = heads.copy()
    kept[off] = heads[off].mean(axis=0)
    return np.concatenate(list(kept), axis=1) @ w_o


@wrong(HEAD, "no-projection")
def forgets_the_matrix(heads, w_o, off):
    kept = heads * (np.arange(len(heads)) != off)[:, None, None]
    return np.concatenate(list(kept), axis=1)


@wrong(HEAD, "wrong-rows")
def one_row_of_the_matrix(heads, w_o, off):
    w = w_o.copy()
    w[off] = 0
    return np.concatenate(list(heads), axis=1) @ w


@wrong(HEAD, "in-place")
def changes_its_input(heads, w_o, off):
    heads[off] = 0
    return np.concatenate(list(heads), axis=1) @ w_o


# 2. The floor

FLOOR = "07b.floor"


@right(FLOOR)
def by_hand(p, lengths):
    lost = sum(-float(a) * math.log(a) for a in p)
    return lost / sum(float(a) * float(n) for a, n in zip(p, lengths, strict=True))


@right(FLOOR)
def with_products(p, lengths):
    return p @ np.log(1 / p) / (p @ lengths)


@right(FLOOR)
def with_averages(p, lengths):
    return np.average(-np.log(p), weights=p) / np.average(lengths, weights=p)


@wrong(FLOOR, "per-sentence")
def of_a_sentence(p, lengths):
    return p @ -np.log(p)


@wrong(FLOOR, "mean-of-ratios")
def ratios(p, lengths):
    return np.average(-np.log(p) / lengths, weights=p)


@wrong(FLOOR, "plain-length")
def unweighted(p, lengths):
    return p @ -np.log(p) / np.mean(lengths)


@wrong(FLOOR, "total-length")
def summed(p, lengths):
    return p @ -np.log(p) / np.sum(lengths)


@wrong(FLOOR, "plain-loss")
def unweighted_loss(p, lengths):
    return np.mean(-np.log(p)) / (p @ lengths)


@wrong(FLOOR, "sign")
def negative(p, lengths):
    return p @ np.log(p) / (p @ lengths)


@wrong(FLOOR, "base")
def in_bits(p, lengths):
    return p @ -np.log2(p) / (p @ lengths)


@wrong(FLOOR, "perplexity")
def perplexity(p, lengths):
    return np.exp(p @ -np.log(p) / (p @ lengths))


@wrong(FLOOR, "multiplied")
def times_lengths(p, lengths):
    return p @ (-np.log(p) * lengths)


# 3. Cross-attention

CROSS = "07b.cross"


@right(CROSS)
def word_by_word(x, context, w_q, w_k, w_v, real):
    keys, values = [y @ w_k for y in context], [y @ w_v for y in context]
    out = []
    for q in (row @ w_q for row in x):
        scores = [q @ k / math.sqrt(len(q)) for k, r in zip(keys, real, strict=True) if r]
        e = [math.exp(s - max(scores)) for s in scores]
        out.append(sum(a * v for a, v in zip(e, [v for v, r in zip(values, real, strict=True) if r], strict=True))
                   / sum(e))  # fmt: skip
    return np.array(out)


@right(CROSS)
def without_the_padding(x, context, w_q, w_k, w_v, real):
    context = context[real]
    scores = (x @ w_q) @ (context @ w_k).T / w_q.shape[1] ** 0.5
    e = np.exp(scores - scores.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True) @ (context @ w_v)


@right(CROSS)
def torch_cross(x, context, w_q, w_k, w_v, real):
    x, context, w_q, w_k, w_v = (torch.as_tensor(a).double() for a in (x, context, w_q, w_k, w_v))
    mask = torch.as_tensor(real)[None].expand(len(x), -1)
    q, k, v = (y[None] for y in (x @ w_q, context @ w_k, context @ w_v))
    return F.scaled_dot_product_attention(q, k, v, mask[None])[0]


def _attend(q, k, v, may=True, size=None):
    scores = q @ k.T / (np.sqrt(q.shape[1]) if size is None else size)
    scores = np.where(may, scores, -np.inf)
    e = np.exp(scores - scores.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True) @ v


@wrong(CROSS, "self-attention")
def looks_at_itself(x, context, w_q, w_k, w_v, real):
    return _attend(x @ w_q, x @ w_k, x @ w_v)


@wrong(CROSS, "turned-round")
def the_source_asks(x, context, w_q, w_k, w_v, real):
    return _attend(context @ w_q, x @ w_k, x @ w_v)


@wrong(CROSS, "values-of-x")
def own_values(x, context, w_q, w_k, w_v, real):
    return _attend(x @ w_q, context @ w_k, x @ w_v, real)


@wrong(CROSS, "no-mask")
def sees_padding(x, context, w_q, w_k, w_v, real):
    return _attend(x @ w_q, context @ w_k, context @ w_v)


@wrong(CROSS, "mask-turned")
def hides_the_words(x, context, w_q, w_k, w_v, real):
    return _attend(x @ w_q, context @ w_k, context @ w_v, ~real)


@wrong(CROSS, "mask-after")
def masks_late(x, context, w_q, w_k, w_v, real):
    scores = (x @ w_q) @ (context @ w_k).T / np.sqrt(w_q.shape[1])
    e = np.exp(scores)
    return np.where(real, e / e.sum(1, keepdims=True), 0) @ (context @ w_v)


@wrong(CROSS, "zero-scores")
def zeros_for_minus_infinity(x, context, w_q, w_k, w_v, real):
    scores = np.where(real, (x @ w_q) @ (context @ w_k).T / np.sqrt(w_q.shape[1]), 0)
    e = np.exp(scores)
    return e / e.sum(1, keepdims=True) @ (context @ w_v)


@wrong(CROSS, "causal")
def looks_back_alone(x, context, w_q, w_k, w_v, real):
    may = np.tril(np.ones((len(x), len(context)), dtype=bool)) & real
    return _attend(x @ w_q, context @ w_k, context @ w_v, may)


@wrong(CROSS, "no-root")
def undivided(x, context, w_q, w_k, w_v, real):
    return _attend(x @ w_q, context @ w_k, context @ w_v, real, 1)


@wrong(CROSS, "other-root")
def root_of_the_width(x, context, w_q, w_k, w_v, real):
    return _attend(x @ w_q, context @ w_k, context @ w_v, real, np.sqrt(x.shape[1]))


@wrong(CROSS, "other-axis")
def down_the_columns(x, context, w_q, w_k, w_v, real):
    scores = (x @ w_q) @ (context @ w_k).T / np.sqrt(w_q.shape[1])
    e = np.exp(scores - scores.max(0))
    return e / e.sum(0) * real @ (context @ w_v)


@wrong(CROSS, "no-values")
def mixes_the_source(x, context, w_q, w_k, w_v, real):
    return _attend(x @ w_q, context @ w_k, context, real)


# 4. The diagnosis

NAMES = "07b.diagnosis"


@right(NAMES)
def from_a_list(panel):
    return [4, 6, 5, 2, 1, 3][panel]


@right(NAMES)
def from_a_table(panel):
    return {"A": 4, "E": 1, "B": 6, "C": 5, "F": 3, "D": 2}["ABCDEF"[panel]]


@right(NAMES)
def case_by_case(panel):
    if panel in (1, 4):  # training too good to be true
        return 6 if panel == 1 else 1
    return 5 if panel == 2 else {0: 4, 3: 2, 5: 3}[panel]


@wrong(NAMES, "positions-for-skip")
def skip_and_positions(panel):
    return [3, 6, 5, 2, 1, 4][panel]


@wrong(NAMES, "mask-for-targets")
def mask_and_targets(panel):
    return [4, 1, 5, 2, 6, 3][panel]


@wrong(NAMES, "mask-for-cache")
def mask_and_cache(panel):
    return [4, 6, 1, 2, 5, 3][panel]


@wrong(NAMES, "positions-for-sqrt")
def root_and_positions(panel):
    return [4, 6, 5, 3, 1, 2][panel]


@wrong(NAMES, "sqrt-for-skip")
def root_and_skip(panel):
    return [2, 6, 5, 4, 1, 3][panel]


@wrong(NAMES, "cache-for-targets")
def cache_and_targets(panel):
    return [4, 5, 6, 2, 1, 3][panel]


@wrong(NAMES, "cache-for-skip")
def all_in_a_row(panel):
    return [5, 6, 4, 2, 1, 3][panel]


@wrong(NAMES, "twice")
def the_mask_twice(panel):
    return [4, 1, 5, 2, 1, 3][panel]


@wrong(NAMES, "from-zero")
def from_zero(panel):
    return [3, 5, 4, 1, 0, 2][panel]


@wrong(NAMES, "one-panel-on")
def panels_from_one(panel):
    return [4, 6, 5, 2, 1, 3][panel - 1]


@wrong(NAMES, "same-for-all")
def always_the_mask(panel):
    return 1
