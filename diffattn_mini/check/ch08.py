"""Chapter 8: RNN or Transformer."""

import numpy as np

from .engine import Exercise
from .mistakes import Mistake

# 1. Multiply-adds


def operations(N, D, n):
    return np.array([4 * N * D**2 + 2 * N**2 * D, 4 * N * n * (D + n)])


def operation_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(1, 2, 3), (4, 2, 2), (3, 2, 5), (5, 9, 4), (20, 3, 2), (1, 1, 1), (64, 32, 16)]
    for _ in range(6):  # three numbers that no multiple of one another can stand in for
        cases.append(tuple(int(rng.integers(*ends)) for ends in ((5, 12), (13, 22), (23, 40))))
    return cases


def _other(attention=lambda N, D: operations(N, D, 1)[0], lstm=lambda N, D, n: operations(N, D, n)[1]):
    """The count of somebody who counts one of the two layers so, or both."""
    return lambda N, D, n: np.array([attention(N, D), lstm(N, D, n)])


OPERATIONS = Exercise(
    "08.operations",
    operations,
    operation_cases,
    (
        Mistake(
            "three-projections",
            ro="Atenția are patru proiecții: pe lângă interogări, chei și valori, și cea de la ieșire.",
            en="Attention has four projections: besides queries, keys and values, that of the output.",
            wrong=_other(attention=lambda N, D: 3 * N * D**2 + 2 * N**2 * D),
        ),
        Mistake(
            "map-once",
            ro="Harta se folosește de două ori: la scoruri și la amestecul valorilor. Ai numărat-o o dată.",
            en="The map costs twice: once for the scores, once for mixing the values. You counted it once.",
            wrong=_other(attention=lambda N, D: 4 * N * D**2 + N**2 * D),
        ),
        Mistake(
            "no-map",
            ro="Lipsește harta: scorurile și amestecul valorilor, care cresc cu pătratul lungimii.",
            en="The map is missing: the scores and the mixing of the values, which grow with the length squared.",
            wrong=_other(attention=lambda N, D: 4 * N * D**2),
        ),
        Mistake(
            "no-projections",
            ro="Lipsesc proiecțiile atenției.",
            en="The projections of attention are missing.",
            wrong=(
                _other(attention=lambda N, D: 2 * N**2 * D),
                _other(attention=lambda N, D: N**2 * D),
            ),
        ),
        Mistake(
            "cells",
            ro="Fiecare căsuță a hărții e un produs scalar de `D` numere, nu o singură înmulțire.",
            en="Every cell of the map is a dot product of `D` numbers, not a single multiplication.",
            wrong=_other(attention=lambda N, D: 4 * N * D**2 + 2 * N**2),
        ),
        Mistake(
            "causal",
            ro="Ai numărat numai căsuțele pe care le lasă masca cauzală. Aici nu e nicio mască.",
            en="You counted only the cells that a causal mask leaves. There is no mask here.",
            wrong=(
                _other(attention=lambda N, D: 4 * N * D**2 + N * (N + 1) * D),
                _other(attention=lambda N, D: 4 * N * D**2 + N * (N - 1) * D),
            ),
        ),
        Mistake(
            "one-word",
            ro="Proiecțiile și porțile se fac pentru fiecare dintre cele `N` cuvinte.",
            en="Projections and gates are computed for each of the `N` words.",
            wrong=(
                _other(attention=lambda N, D: 4 * D**2 + 2 * N**2 * D),
                _other(lstm=lambda N, D, n: 4 * n * (D + n)),
                _other(lambda N, D: 4 * D**2 + 2 * N**2 * D, lambda N, D, n: 4 * n * (D + n)),
            ),
        ),
        Mistake(
            "one-gate",
            ro="LSTM are patru matrice pentru cuvânt și patru pentru stare: ale porților i, f, o și a noutății g.",
            en="An LSTM has four matrices for the word and four for the state: for i, f, o and the candidate g.",
            wrong=(
                _other(lstm=lambda N, D, n: N * n * (D + n)),
                _other(lstm=lambda N, D, n: 3 * N * n * (D + n)),
                _other(lstm=lambda N, D, n: 2 * N * n * (D + n)),
            ),
        ),
        Mistake(
            "no-state",
            ro="La LSTM ai numărat doar matricele cuvântului. Fiecare poartă are una și pentru stare, de n × n.",
            en="For the LSTM you counted the matrices of the word only. Each gate has one for the state too, n × n.",
            wrong=_other(lstm=lambda N, D, n: 4 * N * n * D),
        ),
        Mistake(
            "no-word",
            ro="La LSTM ai numărat doar matricele stării. Fiecare poartă are una și pentru cuvânt, de n × D.",
            en="For the LSTM you counted the matrices of the state only. Each gate has one for the word too, n × D.",
            wrong=_other(lstm=lambda N, D, n: 4 * N * n**2),
        ),
        Mistake(
            "square-state",
            ro="`8 * N * D**2` e pentru o stare la fel de lată ca un cuvânt. Aici starea are `n` numere.",
            en="`8 * N * D**2` is for a state as wide as a word. Here the state has `n` numbers.",
            wrong=(_other(lstm=lambda N, D, n: 8 * N * D**2), _other(lstm=lambda N, D, n: 8 * N * n**2)),
        ),
        Mistake(
            "sum-squared",
            ro="Matricele unei porți au n × D și n × n numere: împreună n (D + n), nu (D + n)².",
            en="The matrices of a gate have n × D and n × n numbers: together n (D + n), not (D + n)².",
            wrong=(
                _other(lstm=lambda N, D, n: 4 * N * (D + n) ** 2),
                _other(lstm=lambda N, D, n: 4 * N * (D**2 + n**2)),
                _other(lstm=lambda N, D, n: 4 * N * D * (D + n)),
            ),
        ),
        Mistake(
            "extras",
            ro="Ai numărat și deplasările (bias), softmaxul sau înmulțirile număr cu număr. Aici se numără doar "
            "produsele cu matrice.",
            en="You counted biases, the softmax or products number by number too. Only products with matrices count "
            "here.",
            wrong=(
                *(_other(lstm=lambda N, D, n, k=k: 4 * N * n * (D + n) + k * N * n) for k in (1, 2, 3, 4, 5, 7, 8, 11)),
                _other(attention=lambda N, D: 4 * N * D**2 + 2 * N**2 * D + N**2),
                _other(attention=lambda N, D: 4 * N * D**2 + 2 * N**2 * D + 4 * N * D),
                _other(lambda N, D: 4 * N * D**2 + 2 * N**2 * D + 4 * N * D, lambda N, D, n: 4 * N * n * (D + n + 1)),
                _other(lambda N, D: 4 * N * D**2 + 2 * N**2 * D + N**2, lambda N, D, n: 4 * N * n * (D + n + 1)),
            ),
        ),
        Mistake(
            "twice",
            ro="Ai numărat înmulțirile și adunările separat. O înmulțire cu adunarea ei e una.",
            en="You counted multiplications and additions apart. A multiplication with its addition counts as one.",
            wrong=lambda N, D, n: 2 * operations(N, D, n),
        ),
        Mistake(
            "order",
            ro="Întâi atenția, apoi LSTM: le-ai întors invers.",
            en="First attention, then the LSTM: you returned them the other way round.",
            wrong=lambda N, D, n: operations(N, D, n)[::-1],
        ),
        Mistake(
            "one-of-two",
            ro="Ai întors un singur număr. Se cer două: al atenției și al LSTM-ului.",
            en="You returned a single number. Two are asked for: that of attention and that of the LSTM.",
            wrong=(
                lambda N, D, n: operations(N, D, n)[0],
                lambda N, D, n: operations(N, D, n)[1],
                lambda N, D, n: operations(N, D, n).sum(),
            ),
        ),
    ),
)

# 2. The memory of the KV cache


def cache_bytes(N, D, layers, n_heads, n_kv_heads, size):
    return 2 * N * layers * n_kv_heads * (D // n_heads) * size


def cache_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(1, 12, 3, 6, 3, 4), (5, 24, 3, 4, 2, 4), (11, 40, 3, 10, 5, 4)]
    # Every size of a number; one head of keys for all; as many as there are queries; a single layer.
    cases += [(7, 24, 3, 4, 2, 2), (7, 24, 3, 4, 2, 1), (3, 24, 3, 4, 2, 8), (5, 48, 2, 6, 1, 4), (5, 24, 2, 4, 4, 2),
              (9, 20, 1, 5, 1, 2)]  # fmt: skip
    for _ in range(6):
        shared, kv, width = int(rng.integers(3, 6)), int(rng.integers(2, 5)), int(rng.integers(6, 12))
        heads = shared * kv
        N, layers = int(rng.integers(101, 900)), int(rng.integers(5, 31))
        cases.append((N, heads * width, layers, heads, kv, int(rng.choice([2, 4]))))
    return cases


def _times(factor):
    """The count of somebody who is off by a factor."""
    return lambda N, D, layers, n_heads, n_kv_heads, size: (
        cache_bytes(N, D, layers, n_heads, n_kv_heads, size) * factor(N, D, layers, n_heads, n_kv_heads, size)
    )


CACHE = Exercise(
    "08.kv-cache-memory",
    cache_bytes,
    cache_cases,
    (
        Mistake(
            "keys-only",
            ro="Fiecare cuvânt lasă doi vectori: o cheie și o valoare. Ai numărat unul.",
            en="Every word leaves two vectors: a key and a value. You counted one.",
            wrong=_times(lambda N, D, L, h, g, s: 1 / 2),
        ),
        Mistake(
            "queries-too",
            ro="Ai păstrat și interogările. De ele nu mai e nevoie după ce cuvântul lor a întrebat.",
            en="You kept the queries too. They are not needed once their word has asked.",
            wrong=(
                _times(lambda N, D, L, h, g, s: 3 / 2),
                lambda N, D, layers, n_heads, n_kv_heads, size: (
                    N * layers * size * (D + 2 * n_kv_heads * D // n_heads)
                ),
            ),
        ),
        Mistake(
            "not-shared",
            ro="Ai păstrat chei și valori pentru toate capetele de interogare. Se păstrează doar pentru `n_kv_heads`.",
            en="You kept keys and values for all the heads of queries. They are kept for `n_kv_heads` heads only.",
            wrong=_times(lambda N, D, L, h, g, s: h / g),
        ),
        Mistake(
            "upside-down",
            ro="Raportul e invers: împărțirea cheilor între capete micșorează memoria, nu o mărește.",
            en="The ratio is upside down: sharing keys among heads makes the cache smaller, not larger.",
            wrong=_times(lambda N, D, L, h, g, s: (h / g) ** 2),
        ),
        Mistake(
            "full-width",
            ro="Un cap are lățimea `D / n_heads`, nu `D`.",
            en="A head is `D / n_heads` wide, not `D`.",
            wrong=(_times(lambda N, D, L, h, g, s: h), _times(lambda N, D, L, h, g, s: h * h / g)),
        ),
        Mistake(
            "wrong-head-width",
            ro="Lățimea unui cap vine din capetele de interogare: `D / n_heads`. Capetele de chei au aceeași lățime.",
            en="The width of a head comes from the heads of queries: `D / n_heads`. Heads of keys are as wide.",
            wrong=_times(lambda N, D, L, h, g, s: 1 / g),
        ),
        Mistake(
            "one-layer",
            ro="Fiecare strat are memoria lui cheie-valoare.",
            en="Every layer has a cache of its own.",
            wrong=_times(lambda N, D, L, h, g, s: 1 / L),
        ),
        Mistake(
            "one-word",
            ro="Aceasta e memoria unui singur cuvânt. Sunt `N`.",
            en="This is the cache of a single word. There are `N`.",
            wrong=_times(lambda N, D, L, h, g, s: 1 / N),
        ),
        Mistake(
            "squared",
            ro="Memoria crește cu `N`, nu cu pătratul lui: harta nu se păstrează.",
            en="The cache grows with `N`, not with its square: the map is not kept.",
            wrong=(
                _times(lambda N, D, L, h, g, s: N),
                lambda N, D, layers, n_heads, n_kv_heads, size: N * N * n_heads * layers * size,
            ),
        ),
        Mistake(
            "numbers",
            ro="Ai numărat numerele. Fiecare ocupă `size` octeți.",
            en="You counted the numbers. Each takes `size` bytes.",
            wrong=_times(lambda N, D, L, h, g, s: 1 / s),
        ),
        Mistake(
            "fixed-size",
            ro="Nu folosești `size`: ai pus aceiași octeți pentru orice fel de număr.",
            en="You do not use `size`: you took the same bytes for every kind of number.",
            wrong=tuple(_times(lambda N, D, L, h, g, s, size=size: size / s) for size in (2, 4, 8)),
        ),
        Mistake(
            "bits",
            ro="Se cer octeți, nu biți; `size` e deja în octeți.",
            en="Bytes are asked for, not bits; `size` is in bytes already.",
            wrong=(_times(lambda N, D, L, h, g, s: 8), _times(lambda N, D, L, h, g, s: 1 / 8)),
        ),
        Mistake(
            "megabytes",
            ro="Se cer octeți, fără împărțire la o mie sau la un milion.",
            en="Bytes are asked for, not divided by a thousand or a million.",
            wrong=tuple(_times(lambda N, D, L, h, g, s, u=u: 1 / u) for u in (1e3, 1e6, 1e9, 2**10, 2**20, 2**30)),
        ),
    ),
)

# 3. Linear attention


def linear_attention(q, k, v):
    return _linear(q, k, v)


def _linear(q, k, v, seen=np.tril, divisor=None):
    weights = seen(q @ k.T)
    below = weights.sum(axis=1, keepdims=True) if divisor is None else divisor(weights)
    return weights @ v / below


def linear_cases(rng: np.random.Generator) -> list[tuple]:
    by_hand = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([[2.0], [4.0], [6.0]])
    cases = [(np.array([[2.0]]), np.array([[0.5]]), np.array([[3.0]])), (np.ones((3, 2)), *by_hand)]
    # Small numbers, beside which nothing may be added below; numbers that grow along the text.
    cases += [(np.full((2, 2), 0.01), np.array([[0.02, 0.01], [0.01, 0.04]]), np.array([[3.0], [-1.0]])),
              (np.array([[0.5], [40.0], [2.0]]), np.array([[0.01], [3.0], [200.0]]),
               np.array([[1.0, 0], [0, 5], [-2, 1]]))]  # fmt: skip
    for T, d, e in ((2, 2, 3), (3, 2, 2), (4, 3, 2), (5, 2, 4), (6, 4, 3), (14, 2, 2)):
        q, k = (rng.uniform(0.2, 2.5, size=(T, d)).round(2) for _ in range(2))
        cases.append((q, k, rng.normal(scale=2, size=(T, e)).round(2)))
    return cases


def _softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def _forbidden(scores):
    return np.where(np.tri(len(scores), dtype=bool), scores, -np.inf)



LINEAR = Exercise(
    "08.linear-attention",
    linear_attention,
    linear_cases,
    (
        Mistake(
            "not-divided",
            ro="Lipsește împărțirea: ponderile unui cuvânt trebuie să facă unu.",
            en="The division is missing: the weights of a word have to make one.",
            wrong=lambda q, k, v: _linear(q, k, v, divisor=lambda weights: 1.0),
        ),
        Mistake(
            "all-words",
            ro="Cuvântul t vede și viitorul. Sumele merg numai până la t, cu el cu tot.",
            en="Word t sees the future too. The sums go up to t only, itself included.",
            wrong=lambda q, k, v: _linear(q, k, v, seen=lambda weights: weights),
        ),
        Mistake(
            "future-below",
            ro="Sumele de sus se opresc la t, dar cele la care împarți le numără pe toate. Și z crește din mers.",
            en="The sums above stop at t, but those you divide by count all words. z grows on the way too.",
            wrong=lambda q, k, v: np.tril(q @ k.T) @ v / (q @ k.T).sum(axis=1, keepdims=True),
        ),
        Mistake(
            "future-above",
            ro="Sumele la care împarți se opresc la t, dar cele de sus le numără pe toate. Și H crește din mers.",
            en="The sums you divide by stop at t, but those above count all words. H grows on the way too.",
            wrong=lambda q, k, v: q @ k.T @ v / np.tril(q @ k.T).sum(axis=1, keepdims=True),
        ),
        Mistake(
            "not-itself",
            ro="Cuvântul t se vede și pe sine: întâi se adună cheia și valoarea lui, apoi întreabă.",
            en="Word t sees itself too: first its key and value are added, then it asks.",
            wrong=(
                lambda q, k, v: _linear(q, k, v, seen=lambda weights: np.tril(weights, -1)),
                lambda q, k, v: np.nan_to_num(_linear(q, k, v, seen=lambda weights: np.tril(weights, -1))),
                lambda q, k, v: np.tril(q @ k.T, -1) @ v / np.tril(q @ k.T).sum(axis=1, keepdims=True),
                lambda q, k, v: np.tril(q @ k.T, -1) @ v / (np.tril(q @ k.T, -1).sum(axis=1, keepdims=True) + 1e-12),
            ),
        ),
        Mistake(
            "softmax",
            ro="Ai pus softmax. Aici ponderile sunt chiar produsele scalare, împărțite la suma lor.",
            en="You used softmax. Here the weights are the dot products themselves, divided by their sum.",
            wrong=(
                lambda q, k, v: _softmax(_forbidden(q @ k.T)) @ v,
                lambda q, k, v: _softmax(_forbidden(q @ k.T / np.sqrt(q.shape[1]))) @ v,
                lambda q, k, v: _softmax(q @ k.T) @ v,
                lambda q, k, v: _softmax(q @ k.T / np.sqrt(q.shape[1])) @ v,
            ),
        ),
        Mistake(
            "phi-again",
            ro="`q` și `k` au trecut deja prin φ. Nu le mai trece o dată.",
            en="`q` and `k` have been through φ already. Do not pass them again.",
            wrong=(
                lambda q, k, v: _linear(q + 1, k + 1, v),
                lambda q, k, v: _linear(np.where(q > 0, q + 1, 1), np.where(k > 0, k + 1, 1), v),
                lambda q, k, v: _linear(np.exp(q), np.exp(k), v),
            ),
        ),
        Mistake(
            "by-count",
            ro="Ai împărțit la câte cuvinte s-au citit. Se împarte la suma ponderilor, q · z.",
            en="You divided by how many words have been read. Divide by the sum of the weights, q · z.",
            wrong=(
                lambda q, k, v: _linear(q, k, v, divisor=lambda weights: np.arange(1, len(q) + 1)[:, None]),
                lambda q, k, v: _linear(q, k, v, divisor=lambda weights: len(q)),
            ),
        ),
        Mistake(
            "grain-below",
            ro="Ai adunat ceva la numitor, sau i-ai pus o limită de jos. Interogările și cheile sunt pozitive, deci "
            "el nu e niciodată zero: la "
            "numere mici se vede.",
            en="You added something below the fraction, or put a floor there. Queries and keys are positive, so it is "
            "never zero: with "
            "small numbers it shows.",
            wrong=(
                *(lambda q, k, v, eps=eps: _linear(q, k, v, divisor=lambda w: w.sum(axis=1, keepdims=True) + eps)
                  for eps in (1.0, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)),
                *(lambda q, k, v, low=low: _linear(q, k, v, divisor=lambda w: np.maximum(w.sum(1, keepdims=True), low))
                  for low in (1.0, 1e-2, 1e-3)),
            ),
        ),
        Mistake(
            "sum-of-keys",
            ro="Ai împărțit la suma cheilor, fără interogare. De jos iese q · z, un număr pe cuvânt.",
            en="You divided by the sum of the keys, without the query. Below stands q · z, one number a word.",
            wrong=(
                lambda q, k, v: _linear(q, k, v, divisor=lambda w: np.cumsum(k.sum(axis=1))[:, None]),
                lambda q, k, v: _linear(q, k, v, divisor=lambda w: k.sum()),
            ),
        ),
        Mistake(
            "this-key-only",
            ro="Ai împărțit la q · k al cuvântului de acum. z adună cheile tuturor cuvintelor de până acum.",
            en="You divided by q · k of the present word. z adds up the keys of all the words so far.",
            wrong=lambda q, k, v: _linear(q, k, v, divisor=lambda w: (q * k).sum(axis=1, keepdims=True)),
        ),
        Mistake(
            "one-query",
            ro="Ai întrebat de fiecare dată cu ultima interogare. Cuvântul t întreabă cu a lui.",
            en="You asked with the last query every time. Word t asks with its own.",
            wrong=lambda q, k, v: _linear(np.repeat(q[-1:], len(q), axis=0), k, v),
        ),
        Mistake(
            "swapped",
            ro="Interogările și cheile s-au schimbat între ele: în sume intră cheile, interogarea întreabă la sfârșit.",
            en="Queries and keys have changed places: the keys go into the sums, and the query asks at the end.",
            wrong=(lambda q, k, v: _linear(k, q, v),),
        ),
        Mistake(
            "last-only",
            ro="Ai întors numai ultimul cuvânt. Se cer toate, cu forma `(T, e)`.",
            en="You returned the last word only. All are asked for, of shape `(T, e)`.",
            wrong=(lambda q, k, v: _linear(q, k, v)[-1], lambda q, k, v: _linear(q, k, v)[-1:]),
        ),
        Mistake(
            "weights",
            ro="Acestea sunt ponderile. Mai rămâne de luat media valorilor cu ele.",
            en="These are the weights. What is left is to take the mean of the values with them.",
            wrong=lambda q, k, v: np.tril(q @ k.T) / np.tril(q @ k.T).sum(axis=1, keepdims=True),
        ),
    ),
)

EXERCISES = (OPERATIONS, CACHE, LINEAR)
