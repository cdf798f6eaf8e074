"""Chapter 6: translation with attention."""

import heapq
import math

import numpy as np
import torch

from . import right, wrong

# 1. Additive attention: the scores

SCORES = "06.additive-scores"


@right(SCORES)
def word_by_word(q, K, W, U, v):
    return [v @ np.tanh(W @ q + U @ k) for k in K]


@right(SCORES)
def in_torch(q, K, W, U, v):
    q, K, W, U, v = (torch.as_tensor(a) for a in (q, K, W, U, v))
    return ((W @ q)[None] + K @ U.T).tanh() @ v


@right(SCORES)
def with_einsum(q, K, W, U, v):
    both = np.einsum("md,d->m", W, q) + np.einsum("mn,sn->sm", U, K)
    return np.einsum("m,sm->s", v, np.tanh(both))


@wrong(SCORES, "weights")
def softmaxed(q, K, W, U, v):
    scores = np.tanh(W @ q + K @ U.T) @ v
    return np.exp(scores) / np.exp(scores).sum()


@wrong(SCORES, "no-tanh")
def all_linear(q, K, W, U, v):
    return [v @ (W @ q + U @ k) for k in K]


@wrong(SCORES, "tanh-apart")
def two_tangents(q, K, W, U, v):
    return [v @ (np.tanh(W @ q) + np.tanh(U @ k)) for k in K]


@wrong(SCORES, "tanh-outside")
def tangent_at_the_end(q, K, W, U, v):
    return [math.tanh(v @ (W @ q + U @ k)) for k in K]


@wrong(SCORES, "no-query")
def keys_alone(q, K, W, U, v):
    return [v @ np.tanh(U @ k) for k in K]


@wrong(SCORES, "swapped")
def takes_the_other_matrix(q, K, W, U, v):
    return [v @ np.tanh(U @ q + W @ k) for k in K]


@wrong(SCORES, "transposed")
def keys_from_the_left(q, K, W, U, v):
    return np.tanh(W @ q + K @ U) @ v


@wrong(SCORES, "product")
def times(q, K, W, U, v):
    return [v @ np.tanh((W @ q) * (U @ k)) for k in K]


@wrong(SCORES, "no-v")
def plain_sum(q, K, W, U, v):
    return [np.tanh(W @ q + U @ k).sum() for k in K]


@wrong(SCORES, "not-summed")
def vectors(q, K, W, U, v):
    return np.array([v * np.tanh(W @ q + U @ k) for k in K])


@wrong(SCORES, "scaled")
def divided_by_a_root(q, K, W, U, v):
    return np.tanh(W @ q + K @ U.T) @ v / len(v) ** 0.5


@wrong(SCORES, "matrices")
def keys_as_they_are(q, K, W, U, v):
    return [v @ np.tanh(W @ q + k) for k in K]


@wrong(SCORES, "other-function")
def through_a_sigmoid(q, K, W, U, v):
    return [v @ (1 / (1 + np.exp(-(W @ q + U @ k)))) for k in K]


@wrong(SCORES, "minus")
def difference(q, K, W, U, v):
    return [v @ np.tanh(W @ q - U @ k) for k in K]


@wrong(SCORES, "one-key")
def last_key_only(q, K, W, U, v):
    for k in K:
        score = v @ np.tanh(W @ q + U @ k)
    return score


@wrong(SCORES, "context")
def mean_of_the_keys(q, K, W, U, v):
    scores = word_by_word(q, K, W, U, v)
    e = np.exp(scores)
    return e @ K / e.sum()


# 2. The greedy loop of a recurrent decoder

GREEDY = "06.greedy"


@right(GREEDY)
def a_loop_of_limit_turns(s, E, U, R, start, end, limit):
    w, said = start, []
    for _ in range(limit):
        s = np.tanh(E[w] + U @ s)
        w = int(np.argmax(R @ s))
        if w == end:
            return said
        said.append(w)
    return said


@right(GREEDY)
def by_itself(s, E, U, R, start, end, limit):
    if limit == 0:
        return []
    s = np.tanh(U @ s + E[start])
    word = max(range(len(R)), key=lambda w: R[w] @ s)
    return [] if word == end else [word, *by_itself(s, E, U, R, word, end, limit - 1)]


@right(GREEDY)
def tensors(s, E, U, R, start, end, limit):
    s, E, U, R = (torch.as_tensor(a) for a in (s, E, U, R))
    words = [torch.tensor(start)]
    while len(words) < limit + 1:
        s = (E[words[-1]] + U @ s).tanh()
        word = (R @ s).softmax(-1).argmax()
        if word == end:
            break
        words.append(word)
    return words[1:]


@right(GREEDY)
def cut_afterwards(s, E, U, R, start, end, limit):
    words, w = [], start
    for _ in range(limit):
        s = np.tanh(s @ U.T + E[w])
        w = (s @ R.T).argmax()
        words.append(w)
    return words[: words.index(end)] if end in words else words


@wrong(GREEDY, "old-state")
def state_of_another_name(s, E, U, R, start, end, limit):
    w, said = start, []
    for _ in range(limit):
        new = np.tanh(E[w] + U @ s)
        w = int(np.argmax(R @ new))
        if w == end:
            break
        said.append(w)
    return said


@wrong(GREEDY, "not-fed-back")
def the_start_every_time(s, E, U, R, start, end, limit):
    said = []
    for _ in range(limit):
        s = np.tanh(E[start] + U @ s)
        w = int(np.argmax(R @ s))
        if w == end:
            break
        said.append(w)
    return said


@wrong(GREEDY, "old-scores")
def scores_first(s, E, U, R, start, end, limit):
    w, said = start, []
    for _ in range(limit):
        scores = R @ s
        s = np.tanh(E[w] + U @ s)
        w = int(scores.argmax())
        if w == end:
            break
        said.append(w)
    return said


def _written(step):
    """An answer whose step(s, E, U, R, w) gives the new state, all else as asked for."""

    def answer(s, E, U, R, start, end, limit):
        w, said = start, []
        while len(said) < limit:
            s = step(s, E, U, w)
            w = int((R @ s).argmax())
            if w == end:
                break
            said.append(w)
        return said

    return answer


wrong(GREEDY, "no-tanh")(_written(lambda s, E, U, w: E[w] + U @ s))
wrong(GREEDY, "no-tanh")(_written(lambda s, E, U, w: 1 / (1 + np.exp(-E[w] - U @ s))))
wrong(GREEDY, "tanh-apart")(_written(lambda s, E, U, w: np.tanh(E[w]) + U @ s))
wrong(GREEDY, "transposed")(_written(lambda s, E, U, w: np.tanh(E[w] + s @ U)))
wrong(GREEDY, "no-state")(_written(lambda s, E, U, w: np.tanh(E[w])))
wrong(GREEDY, "no-word")(_written(lambda s, E, U, w: np.tanh(U @ s)))
wrong(GREEDY, "no-matrix")(_written(lambda s, E, U, w: np.tanh(s + E[w])))


@wrong(GREEDY, "worst")
def the_least_probable(s, E, U, R, start, end, limit):
    w, said = start, []
    for _ in range(limit):
        s = np.tanh(E[w] + U @ s)
        w = int(np.argsort(R @ s)[0])
        if w == end:
            break
        said.append(w)
    return said


@wrong(GREEDY, "no-output")
def largest_of_the_state(s, E, U, R, start, end, limit):
    w, said = start, []
    for _ in range(limit):
        s = np.tanh(E[w] + U @ s)
        w = int(s.argmax())
        if w == end:
            break
        said.append(w)
    return said


@wrong(GREEDY, "no-stop")
def always_to_the_limit(s, E, U, R, start, end, limit):
    words, w = [], start
    for _ in range(limit):
        s = np.tanh(E[w] + U @ s)
        w = int((R @ s).argmax())
        words.append(w)
    return words


@wrong(GREEDY, "end-included")
def with_the_end(s, E, U, R, start, end, limit):
    words, w = [], start
    while w != end and len(words) < limit:
        s = np.tanh(E[w] + U @ s)
        w = int((R @ s).argmax())
        words.append(w)
    return words


@wrong(GREEDY, "start-included")
def with_the_start(s, E, U, R, start, end, limit):
    return [start, *a_loop_of_limit_turns(s, E, U, R, start, end, limit)]


@wrong(GREEDY, "start-included")
def with_both_signs(s, E, U, R, start, end, limit):
    words = [start]
    while words[-1] != end and len(words) <= limit:
        s = np.tanh(E[words[-1]] + U @ s)
        words.append(int((R @ s).argmax()))
    return words


@wrong(GREEDY, "limit")
def one_too_many(s, E, U, R, start, end, limit):
    w, said = start, []
    while len(said) <= limit:
        s = np.tanh(E[w] + U @ s)
        w = int((R @ s).argmax())
        if w == end:
            break
        said.append(w)
    return said


@wrong(GREEDY, "limit")
def one_too_few(s, E, U, R, start, end, limit):
    return a_loop_of_limit_turns(s, E, U, R, start, end, limit - 1)


@wrong(GREEDY, "one-word")
def returns_too_early(s, E, U, R, start, end, limit):
    for w in a_loop_of_limit_turns(s, E, U, R, start, end, limit):
        return w
    return []


@wrong(GREEDY, "scores")
def the_scores_themselves(s, E, U, R, start, end, limit):
    w, said = start, []
    for _ in range(limit):
        s = np.tanh(E[w] + U @ s)
        scores = R @ s
        w = int(scores.argmax())
        if w == end:
            break
        said.append(scores.max())
    return said


# 3. The share of the weight on gold cells

SHARE = "06.alignment-share"


@right(SHARE)
def row_by_row(weights, gold):
    shares = []
    for w, g in zip(weights, gold, strict=True):
        if g.any():
            shares.append(w[g].sum())
    return sum(shares) / len(shares)


@right(SHARE)
def torch_masks(weights, gold):
    weights, gold = torch.as_tensor(weights), torch.as_tensor(gold)
    kept = gold.any(-1)
    return (weights * gold).sum(-1)[kept].mean()


@right(SHARE)
def where_and_count(weights, gold):
    return np.where(gold, weights, 0).sum() / np.count_nonzero(gold.sum(1))


@wrong(SHARE, "all-rows")
def mean_over_every_row(weights, gold):
    return (weights * gold).sum(1).mean()


@wrong(SHARE, "mean-of-cells")
def mean_of_gold_cells(weights, gold):
    return np.mean(weights[gold])


@wrong(SHARE, "all-cells")
def mean_of_everything(weights, gold):
    return np.where(gold, weights, 0).mean()


@wrong(SHARE, "sum")
def total(weights, gold):
    return weights[gold].sum()


@wrong(SHARE, "hits")
def peaks(weights, gold):
    rows = [i for i in range(len(gold)) if gold[i].any()]
    return sum(gold[i, np.argmax(weights[i])] for i in rows) / len(rows)


@wrong(SHARE, "largest")
def best_cell_of_each_row(weights, gold):
    rows = gold.any(1)
    return (weights * gold).max(1)[rows].mean()


@wrong(SHARE, "thresholded")
def above_a_half(weights, gold):
    return ((weights > 0.5) & gold).sum() / gold.sum()


@wrong(SHARE, "columns")
def leaves_out_columns(weights, gold):
    return (weights * gold).sum() / np.any(gold, axis=0).sum()


@wrong(SHARE, "the-rest")
def one_minus(weights, gold):
    return 1 - row_by_row(weights, gold)


@wrong(SHARE, "each-row")
def a_list(weights, gold):
    return [w[g].sum() for w, g in zip(weights, gold, strict=True)]


@wrong(SHARE, "rows-without-weight")
def sums_above_zero(weights, gold):
    sums = (weights * gold).sum(axis=1)
    return sums[sums > 0].mean()


@wrong(SHARE, "rows-without-weight")
def count_of_what_is_left(weights, gold):
    sums = [w[g].sum() for w, g in zip(weights, gold, strict=True)]
    return sum(sums) / max(sum(s != 0 for s in sums), 1)


@wrong(SHARE, "in-place")
def wipes_the_map(weights, gold):
    weights[~gold] = 0
    return weights.sum() / gold.any(1).sum()


# 4. One step of beam search

BEAM = "06.beam-step"


@right(BEAM)
def with_a_heap(totals, logs):
    everything = [(totals[b] + logs[b][w], b, w) for b in range(len(totals)) for w in range(logs.shape[1])]
    return [[b, w, total] for total, b, w in heapq.nlargest(len(totals), everything)]


@right(BEAM)
def topk(totals, logs):
    totals, logs = torch.as_tensor(totals), torch.as_tensor(logs)
    best, places = (totals[:, None] + logs).flatten().topk(len(totals))
    return torch.stack([places // logs.shape[1], places % logs.shape[1], best], dim=1)


@right(BEAM)
def unravelled(totals, logs):
    sums = totals.reshape(-1, 1) + logs
    b, w = np.unravel_index(sums.ravel().argsort()[::-1][: totals.size], sums.shape)
    return np.column_stack([b, w, sums[b, w]])


def _sorted(rows, K):
    return sorted(rows, key=lambda row: -row[2])[:K]


@wrong(BEAM, "per-beginning")
def greedy_on_each(totals, logs):
    return [[b, logs[b].argmax(), totals[b] + logs[b].max()] for b in range(len(totals))]


@wrong(BEAM, "no-totals")
def new_words_only(totals, logs):
    return _sorted([[b, w, logs[b, w]] for b in range(len(totals)) for w in range(logs.shape[1])], len(totals))


@wrong(BEAM, "multiplied")
def times_logs(totals, logs):
    return _sorted([[b, w, totals[b] * logs[b, w]] for b in range(len(totals)) for w in range(logs.shape[1])],
                   len(totals))  # fmt: skip


@wrong(BEAM, "exponential")
def as_probabilities(totals, logs):
    return [[b, w, np.exp(total)] for b, w, total in with_a_heap(totals, logs)]


@wrong(BEAM, "worst")
def smallest(totals, logs):
    everything = [(totals[b] + logs[b][w], b, w) for b in range(len(totals)) for w in range(logs.shape[1])]
    return [[b, w, total] for total, b, w in sorted(everything)[: len(totals)]]


@wrong(BEAM, "order")
def ascending(totals, logs):
    return with_a_heap(totals, logs)[::-1]


@wrong(BEAM, "flat")
def splits_by_the_width(totals, logs):
    sums, K = (totals[:, None] + logs).ravel(), len(totals)
    return np.array([[i // K, i % K, sums[i]] for i in np.argsort(-sums)[:K]])


@wrong(BEAM, "columns-swapped")
def word_first(totals, logs):
    return [[w, b, total] for b, w, total in with_a_heap(totals, logs)]


@wrong(BEAM, "no-sum")
def places_only(totals, logs):
    return [[b, w] for b, w, _ in with_a_heap(totals, logs)]


@wrong(BEAM, "one-beginning")
def continues_the_best(totals, logs):
    b = totals.argmax()
    return _sorted([[b, w, totals[b] + x] for w, x in enumerate(logs[b])], len(totals))


@wrong(BEAM, "old-sum")
def forgets_to_add(totals, logs):
    return [[b, w, totals[b]] for b, w, _ in with_a_heap(totals, logs)]


@wrong(BEAM, "how-many")
def the_best_alone(totals, logs):
    return [max(with_a_heap(totals, logs), key=lambda row: row[2])]


@wrong(BEAM, "total-first")
def sum_then_places(totals, logs):
    return [[total, b, w] for b, w, total in with_a_heap(totals, logs)]


@wrong(BEAM, "how-many")
def every_continuation(totals, logs):
    rows = [[b, w, totals[b] + logs[b, w]] for b in range(len(totals)) for w in range(logs.shape[1])]
    return _sorted(rows, len(rows))


@right(BEAM)
def best_again_and_again(totals, logs):
    sums, rows = totals[:, None] + logs, []
    for _ in totals:
        b, w = np.unravel_index(np.argmax(sums), sums.shape)
        rows.append([b, w, sums[b, w]])
        sums[b, w] = -np.inf
    return rows
