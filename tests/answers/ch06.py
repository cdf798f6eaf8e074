"""Chapter 6: translation with attention."""

import numpy as np
import torch

from . import right, wrong


def softmax(z):
    e = np.exp(z - np.max(z))
    return e / e.sum()


# 1. Additive attention

ADDITIVE = "06.additive-weights"


@right(ADDITIVE)
def key_by_key(q, keys, W, U, v):
    scores = [float(sum(v * np.tanh(W.dot(q) + U.dot(k)))) for k in keys]
    powers = [np.exp(s) for s in scores]
    return [p / sum(powers) for p in powers]


@right(ADDITIVE)
def of_torch(q, keys, W, U, v):
    q, keys, W, U, v = map(torch.as_tensor, (q, keys, W, U, v))
    return (torch.tanh(q @ W.T + keys @ U.T) @ v).softmax(dim=0)


@right(ADDITIVE)
def glued_together(q, keys, W, U, v):
    both = np.hstack([np.tile(q, (len(keys), 1)), keys])
    return softmax(np.tanh(both @ np.hstack([W, U]).T).dot(v))


@wrong(ADDITIVE, "scores")
def stopped_early(q, keys, W, U, v):
    return np.array([v @ np.tanh(W @ q + U @ k) for k in keys])


@wrong(ADDITIVE, "no-tanh")
def straight(q, keys, W, U, v):
    return softmax(np.array([v @ (W @ q + U @ k) for k in keys]))


@wrong(ADDITIVE, "no-query")
def two_tangents(q, keys, W, U, v):
    return softmax((np.tanh(q @ W.T) + np.tanh(keys @ U.T)) @ v)


@wrong(ADDITIVE, "tanh-last")
def tangent_of_the_score(q, keys, W, U, v):
    return softmax(np.tanh(v @ (W @ q)[:, None] + (keys @ U.T) @ v))


@wrong(ADDITIVE, "no-v")
def added_up(q, keys, W, U, v):
    return softmax(np.sum(np.tanh(W @ q + keys @ U.T), axis=1))


@wrong(ADDITIVE, "no-query")
def keys_alone(q, keys, W, U, v):
    return softmax(np.tanh(keys @ U.T) @ v)


@wrong(ADDITIVE, "product")
def as_a_dot_product(q, keys, W, U, v):
    return softmax(np.array([(W @ q) @ (U @ k) for k in keys]))


@wrong(ADDITIVE, "minus")
def difference(q, keys, W, U, v):
    return softmax(np.tanh(W @ q - keys @ U.T) @ v)


@wrong(ADDITIVE, "sigmoid")
def with_a_sigmoid(q, keys, W, U, v):
    z = W @ q + keys @ U.T
    return softmax((1 / (1 + np.exp(-z))) @ v)


@wrong(ADDITIVE, "relu")
def with_relu(q, keys, W, U, v):
    return softmax(np.clip(W @ q + keys @ U.T, 0, None) @ v)


@wrong(ADDITIVE, "scaled")
def over_a_root(q, keys, W, U, v):
    return softmax(np.tanh(W @ q + keys @ U.T) @ v / len(v) ** 0.5)


@wrong(ADDITIVE, "divided")
def shares_of_the_sum(q, keys, W, U, v):
    scores = np.tanh(W @ q + keys @ U.T) @ v
    return scores / scores.sum()


@wrong(ADDITIVE, "context")
def the_mean(q, keys, W, U, v):
    return softmax(np.tanh(W @ q + keys @ U.T) @ v) @ keys


# 2. The share on true cells

SHARE = "06.gold-share"


@right(SHARE)
def row_by_row(weights, gold):
    found = []
    for row, true in zip(weights, gold, strict=True):
        if any(true):
            found.append(sum(w for w, t in zip(row, true, strict=True) if t))
    return sum(found) / len(found)


@right(SHARE)
def sum_over_count(weights, gold):
    return weights[gold].sum() / gold.any(axis=1).sum()


@right(SHARE)
def tensors(weights, gold):
    weights, gold = torch.as_tensor(weights), torch.as_tensor(gold).bool()
    return (weights * gold).sum(1)[gold.any(1)].mean()


@wrong(SHARE, "all-rows")
def over_all_rows(weights, gold):
    return np.where(gold, weights, 0).sum(axis=1).mean()


@wrong(SHARE, "sum")
def total(weights, gold):
    return weights[gold].sum()


@wrong(SHARE, "mean-of-cells")
def over_cells(weights, gold):
    return weights[gold].mean()


@wrong(SHARE, "mean-in-row")
def mean_of_means(weights, gold):
    return np.mean([w[g].mean() for w, g in zip(weights, gold, strict=True) if g.any()])


@wrong(SHARE, "largest")
def heaviest(weights, gold):
    return np.mean([w[g].max() for w, g in zip(weights, gold, strict=True) if g.any()])


@wrong(SHARE, "hits")
def peaks(weights, gold):
    hits = [g[np.argmax(w)] for w, g in zip(weights, gold, strict=True) if g.any()]
    return np.mean(hits)


@wrong(SHARE, "columns")
def down(weights, gold):
    return (weights * gold).sum(axis=0)[gold.any(axis=0)].mean()


@wrong(SHARE, "outside")
def missed(weights, gold):
    rows = gold.any(axis=1)
    return (weights * ~gold).sum(axis=1)[rows].mean()


@wrong(SHARE, "per-row")
def a_number_a_row(weights, gold):
    return (weights * gold).sum(axis=1)


@wrong(SHARE, "every-cell")
def mean_of_the_table(weights, gold):
    return np.mean(weights * gold)


# 3. One step with a beam

BEAM = "06.beam-step"


@right(BEAM)
def sorted_list(totals, logs):
    w, V = logs.shape
    found = [(totals[b] + logs[b, word], b, word) for b in range(w) for word in range(V)]
    found.sort(reverse=True)
    return [[b, word] for _, b, word in found[:w]]


@right(BEAM)
def topk(totals, logs):
    sums = torch.as_tensor(totals)[:, None] + torch.as_tensor(logs)
    places = sums.flatten().topk(len(sums)).indices
    return torch.stack([places // sums.shape[1], places % sums.shape[1]], dim=1)


@right(BEAM)
def one_after_another(totals, logs):
    sums, found = totals.reshape(-1, 1) + logs, []
    for _ in range(len(totals)):
        place = np.unravel_index(sums.argmax(), sums.shape)
        found.append(place)
        sums[place] = -np.inf
    return np.array(found)


@wrong(BEAM, "one-each")
def best_of_each(totals, logs):
    return [[b, int(np.argmax(row))] for b, row in enumerate(logs)]


@wrong(BEAM, "no-totals")
def forgot_the_past(totals, logs):
    places = np.argsort(logs, axis=None)[::-1][: len(totals)]
    return np.column_stack(np.unravel_index(places, logs.shape))


@wrong(BEAM, "one-beginning")
def only_the_best(totals, logs):
    b = int(np.argmax(totals))
    return [[b, word] for word in np.argsort(logs[b])[::-1][: len(totals)]]


@wrong(BEAM, "worst")
def smallest(totals, logs):
    sums = totals[:, None] + logs
    places = np.argsort(sums, axis=None)[: len(totals)]
    return np.column_stack(np.unravel_index(places, sums.shape))


@wrong(BEAM, "upside-down")
def ascending(totals, logs):
    sums = totals[:, None] + logs
    places = np.argsort(sums, axis=None)[-len(totals) :]
    return np.column_stack(np.unravel_index(places, sums.shape))


@wrong(BEAM, "swapped")
def word_first(totals, logs):
    sums = totals[:, None] + logs
    places = np.argsort(-sums, axis=None)[: len(totals)]
    beginnings, words = np.unravel_index(places, sums.shape)
    return np.column_stack([words, beginnings])


@wrong(BEAM, "flat")
def places(totals, logs):
    return np.argsort(-(totals[:, None] + logs), axis=None)[: len(totals)]


@wrong(BEAM, "divided-by-w")
def other_quotient(totals, logs):
    w = len(totals)
    places = np.argsort(-(totals[:, None] + logs), axis=None)[:w]
    return np.column_stack([places // w, places % w])


@wrong(BEAM, "product")
def multiplied(totals, logs):
    products = totals[:, None] * logs
    places = np.argsort(-products, axis=None)[: len(totals)]
    return np.column_stack(np.unravel_index(places, products.shape))


@wrong(BEAM, "all")
def everything(totals, logs):
    sums = totals[:, None] + logs
    places = np.argsort(-sums, axis=None)
    return np.column_stack(np.unravel_index(places, sums.shape))
