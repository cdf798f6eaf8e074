"""Chapter 3: attention as a soft look-up."""

import numpy as np

from ..attention.softmax import softmax
from .engine import Exercise
from .mistakes import Mistake


def naive(x):
    return np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)


# 1. Kernel regression


def kernel_regression(queries, keys, values, tau):
    return softmax(-((queries[:, None] - keys) ** 2) / 2 / tau, axis=-1) @ values


def kernel_cases(rng: np.random.Generator) -> list[tuple]:
    hours, degrees = np.array([6.0, 9.0, 12.0, 15.0]), np.array([8.0, 14.0, 20.0, 22.0])
    cases = [(np.array([1.0]), np.array([0.0, 2.5]), np.array([10.0, 20.0]), 2.0),
             (np.array([7.0, 13.0, 40.0]), hours, degrees, 4.0), (np.array([7.0, 13.0]), hours, degrees, 1e-3),
             (np.array([100.0, 8.0]), hours, degrees, 0.5),
             (np.array([5.0, -1.0]), np.array([2.0]), np.array([7.0]), 1.0),
             (np.array([4.0, -2.5]), np.array([9.0, -3.0, 6.0]), np.array([1.0, -2.0, 4.0]), 2.0)]  # fmt: skip
    # Temperatures so small that any floor under them shows: the two nearest keys are nearly as near.
    cases += [(np.array([7.45]), hours, degrees, 0.02), (np.array([7.49, 13.6]), hours, degrees, 1e-3),
              (np.array([0.99e-4, 1.1e-4]), np.array([0.0, 2e-4, 1.0]), np.array([1.0, 5.0, 9.0]), 1e-12),
              (np.array([7.0, 14.0]), hours, degrees, 1e6)]  # fmt: skip
    for m, n in ((1, 3), (2, 2), (3, 2), (2, 5), (3, 3), (6, 4), (1, 6), (14, 3)):
        T = float(rng.choice([0.5, 2.0, 3.0, 9.0]))
        keys = np.cumsum(rng.uniform(0.4, 2, size=n)).round(1)
        queries = rng.uniform(0, keys[-1] + 1, size=m).round(1) + 0.03
        cases.append((queries, keys, rng.normal(10, 6, size=n).round(1), T))
    return cases


def squares(queries, keys):
    return (queries[:, None] - keys) ** 2


KERNEL = Exercise(
    "03.kernel-regression",
    kernel_regression,
    kernel_cases,
    (
        Mistake(
            "overflow",
            ro="La temperaturi mici toate exponențialele se rotunjesc la zero și 0/0 nu e număr. Folosește `softmax`, "
            "care scade maximul.",
            en="At small temperatures all the exponentials round to zero, and 0/0 is not a number. Use `softmax`, "
            "which subtracts the maximum.",
            wrong=lambda queries, keys, values, T: naive(-squares(queries, keys) / 2 / T) @ values,
        ),
        Mistake(
            "sign",
            ro="Semnul e inversat: cheia cea mai depărtată primește ponderea cea mai mare. Scorul e minus jumătate din "
            "pătrat.",
            en="The sign is reversed: the farthest key gets the largest weight. The score is minus half of the square.",
            wrong=lambda queries, keys, values, T: softmax(squares(queries, keys) / 2 / T) @ values,
        ),
        Mistake(
            "temperature",
            ro="Temperatura lipsește sau e pusă altundeva. Scorurile se împart la `tau` înainte de softmax.",
            en="The temperature is missing, or is in the wrong place. The scores are divided by `tau` before softmax.",
            wrong=(
                lambda queries, keys, values, T: softmax(-squares(queries, keys) / 2) @ values,
                lambda queries, keys, values, T: softmax(-squares(queries, keys) / 2 * T) @ values,
                lambda queries, keys, values, T: softmax(-squares(queries, keys) / 2) @ values / T,
                lambda queries, keys, values, T: softmax(-squares(queries, keys) / 2 / T**2) @ values,
                lambda queries, keys, values, T: softmax(-squares(queries, keys) / 2 / np.sqrt(T)) @ values,
            ),
        ),
        Mistake(
            "floor",
            ro="Ai adunat ceva la `tau` sau i-ai pus o limită inferioară. Temperatura poate fi oricât de mică: "
            "împarte chiar la `tau`.",
            en="You added something to `tau`, or set a lower limit for it. The temperature may be as small as you "
            "like: divide by `tau` itself.",
            wrong=tuple(
                lambda queries, keys, values, T, f=f, low=low: kernel_regression(queries, keys, values, low(T, f))
                for f in (1, 0.5, 0.2, 0.1, 0.05, 0.01, 1e-3, 1e-4, 1e-6, 1e-8)
                for low in (max, lambda T, f: T + f)
            ),
        ),
        Mistake(
            "half",
            ro="Scorul nu e împărțit la 2: el e −(q − k)²/2.",
            en="The score is not divided by 2: it is −(q − k)²/2.",
            wrong=(
                lambda queries, keys, values, T: softmax(-squares(queries, keys) / T) @ values,
                lambda queries, keys, values, T: softmax(-squares(queries, keys) / 4 / T) @ values,
            ),
        ),
        Mistake(
            "no-square",
            ro="Scorul se face din pătratul distanței, nu din distanță și nu din diferența cu semn.",
            en="The score comes from the square of the distance, not from the distance or the signed difference.",
            wrong=(
                lambda queries, keys, values, T: softmax(-np.abs(queries[:, None] - keys) / 2 / T) @ values,
                lambda queries, keys, values, T: softmax(-np.abs(queries[:, None] - keys) / T) @ values,
                lambda queries, keys, values, T: softmax(-(queries[:, None] - keys) / 2 / T) @ values,
                lambda queries, keys, values, T: softmax((queries[:, None] - keys) / 2 / T) @ values,
            ),
        ),
        Mistake(
            "product",
            ro="Ai luat produsul orelor. Fără termenul −k²/2, orele mari primesc mereu ponderi mari; aici scorul se "
            "face din distanță.",
            en="You took the product of the hours. Without the term −k²/2 late hours always get large weights; here "
            "the score comes from the distance.",
            wrong=(
                lambda queries, keys, values, T: softmax(np.outer(queries, keys) / T) @ values,
                lambda queries, keys, values, T: softmax(np.outer(queries, keys)) @ values,
            ),
        ),
        Mistake(
            "nearest",
            ro="Aceasta e căutarea tare: numai cheia cea mai apropiată răspunde. În cea moale răspund toate.",
            en="This is the hard look-up: only the nearest key answers. In the soft one all of them do.",
            wrong=lambda queries, keys, values, T: values[squares(queries, keys).argmin(1)],
        ),
        Mistake(
            "interpolated",
            ro="Ai tras o linie dreaptă între cheile vecine. Aici răspund toate cheile, fiecare cu ponderea ei.",
            en="You drew a straight line between neighbouring keys. Here all the keys answer, each with its weight.",
            wrong=(
                lambda queries, keys, values, T: np.interp(queries, keys, values),
                lambda queries, keys, values, T: np.interp(queries, np.sort(keys), values[keys.argsort()]),
            ),
        ),
        Mistake(
            "wrong-axis",
            ro="Ai aplicat softmax pe coloane, adică peste interogări. Ponderile unei interogări fac împreună unu.",
            en="You applied softmax down the columns, that is over the queries. The weights of one query sum to one.",
            wrong=(
                lambda queries, keys, values, T: softmax(-squares(queries, keys) / 2 / T, axis=0) @ values,
                lambda queries, keys, values, T: softmax((-squares(queries, keys) / 2 / T).ravel()).reshape(
                    len(queries), -1) @ values,
            ),
        ),
        Mistake(
            "not-normalised",
            ro="Ponderile nu fac împreună unu: mai ai de împărțit la suma lor, pe fiecare rând.",
            en="The weights do not add up to one: they are still to be divided by their sum, row by row.",
            wrong=(
                lambda queries, keys, values, T: np.exp(-squares(queries, keys) / 2 / T) @ values,
                lambda queries, keys, values, T: np.exp(-squares(queries, keys) / 2 / T) @ values / len(keys),
                lambda queries, keys, values, T: softmax(-squares(queries, keys) / 2 / T) @ values / len(keys),
            ),
        ),
        Mistake(
            "weights",
            ro="Acestea sunt ponderile. Mai ai de făcut media valorilor: `weights @ values`.",
            en="These are the weights. The mean of the values is still to be taken: `weights @ values`.",
            wrong=lambda queries, keys, values, T: softmax(-squares(queries, keys) / 2 / T),
        ),
        Mistake(
            "keys-mixed",
            ro="Ai făcut media cheilor în locul valorilor: ai primit o oră, nu o temperatură.",
            en="You took the mean of the keys, not of the values: the result is an hour, not a temperature.",
            wrong=lambda queries, keys, values, T: softmax(-squares(queries, keys) / 2 / T) @ keys,
        ),
    ),
)


# 2. Attention


def attend(q, k, v):
    return softmax(q @ k.T / np.sqrt(q.shape[-1])) @ v


def attention_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(np.array([[0.0]]), np.array([[1.0], [0.0]]), np.array([[4.0], [2.0]])),
             (np.array([[2.0]]), np.array([[1.0], [0.0]]), np.array([[4.0], [2.0]]))]  # fmt: skip
    sizes = (1, 2, 2, 1), (2, 2, 2, 2), (2, 3, 4, 2), (3, 2, 5, 4), (3, 3, 3, 3), (4, 6, 9, 3), (5, 4, 2, 6)
    for T, S, d, e in sizes:
        cases.append(tuple(rng.normal(scale=scale, size=shape).round(1)
                           for scale, shape in ((2, (T, d)), (2, (S, d)), (3, (S, e)))))  # fmt: skip
    # Two rows of scores, one far above the other: one maximum for both will not do. One key; then long texts.
    cases += [(np.array([[60.0], [-60.0]]), np.array([[20.0], [19.0]]), np.array([[4.0, 1.0], [2.0, 5.0]])),
              (np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([[3.0, 1.0]]), np.array([[7.0]])),
              (np.array([[5.1, 3.3]]), np.array([[6.1, 4.2], [5.9, 4.6], [6.3, 3.9]]), np.array([[1.0], [4], [-3]])),
              (*rng.normal(size=(2, 14, 2)).round(1), rng.normal(size=(14, 3)).round(1))]  # fmt: skip
    far = rng.normal(size=(2, 3)).round(1), rng.normal(size=(4, 3)).round(1), rng.normal(size=(4, 2)).round(1)
    return [*cases, (900 * far[0], 30 * far[1], far[2])]


def scores(q, k):
    return q @ k.T / np.sqrt(q.shape[-1])


ATTENTION = Exercise(
    "03.attention",
    attend,
    attention_cases,
    (
        Mistake(
            "overflow",
            ro="La scoruri mari exponențiala depășește. Folosește `softmax` din pachet sau scade maximul din rând.",
            en="At large scores the exponential overflows. Use the package's `softmax`, or subtract the row's maximum.",
            wrong=lambda q, k, v: naive(scores(q, k)) @ v,
        ),
        Mistake(
            "global-max",
            ro="Ai scăzut maximul întregului tabel. Într-un rând aflat mult sub el toate exponențialele devin 0, iar "
            "0/0 nu e număr. Fiecare rând are maximul lui.",
            en="You subtracted the maximum of the whole table. In a row far below it all the exponentials become 0, "
            "and 0/0 is not a number. Each row has its own maximum.",
            wrong=lambda q, k, v: naive(scores(q, k) - scores(q, k).max()) @ v,
        ),
        Mistake(
            "distance",
            ro="Ai făcut scorul din distanță, ca la ore. Aici e produsul scalar dintre interogare și cheie, împărțit "
            "la √d.",
            en="You made the score from a distance, as with the hours. Here it is the dot product of query and key, "
            "divided by √d.",
            wrong=(
                lambda q, k, v: softmax(-((q[:, None] - k) ** 2).sum(-1) / 2) @ v,
                lambda q, k, v: softmax(-((q[:, None] - k) ** 2).sum(-1) / 2 / np.sqrt(q.shape[-1])) @ v,
                lambda q, k, v: softmax(-((q[:, None] - k) ** 2).sum(-1) / np.sqrt(q.shape[-1])) @ v,
            ),
        ),
        Mistake(
            "no-root",
            ro="Lipsește împărțirea la √d, unde `d` e numărul de coloane al lui `q`.",
            en="The division by √d is missing, where `d` is the number of columns of `q`.",
            wrong=lambda q, k, v: softmax(q @ k.T) @ v,
        ),
        Mistake(
            "wrong-root",
            ro="Ai împărțit la altceva decât √d. `d` e lungimea unei interogări, nu numărul lor; și se ia rădăcina.",
            en="You divided by something other than √d. `d` is the length of a query, not how many there are; and the "
            "root is taken.",
            wrong=(
                lambda q, k, v: softmax(q @ k.T / q.shape[-1]) @ v,
                lambda q, k, v: softmax(q @ k.T * np.sqrt(q.shape[-1])) @ v,
                lambda q, k, v: softmax(q @ k.T / np.sqrt(len(q))) @ v,
                lambda q, k, v: softmax(q @ k.T / np.sqrt(len(k))) @ v,
                lambda q, k, v: softmax(q @ k.T / np.sqrt(v.shape[-1])) @ v,
                lambda q, k, v: softmax(q @ k.T / len(q)) @ v,
                lambda q, k, v: softmax(q @ k.T / len(k)) @ v,
            ),
        ),
        Mistake(
            "root-after",
            ro="Împărțirea la √d vine înainte de softmax, la scoruri. După el, suma ponderilor n-ar mai fi unu.",
            en="The division by √d comes before softmax, on the scores. After it, the weights would not sum to one.",
            wrong=(lambda q, k, v: softmax(q @ k.T) @ v / np.sqrt(q.shape[-1]),
                   lambda q, k, v: softmax(scores(q, k)) @ v / np.sqrt(q.shape[-1])),
        ),
        Mistake(
            "wrong-axis",
            ro="Softmax e aplicat pe coloane, peste interogări. Fiecare rând, adică fiecare interogare, are suma unu.",
            en="Softmax is applied down the columns, over the queries. Each row, that is each query, must sum to one.",
            wrong=(
                lambda q, k, v: softmax(scores(q, k), axis=0) @ v,
                lambda q, k, v: softmax(scores(q, k).ravel()).reshape(len(q), len(k)) @ v,
            ),
        ),
        Mistake(
            "no-softmax",
            ro="Lipsește softmax: ai înmulțit valorile cu scorurile, nu cu ponderile.",
            en="Softmax is missing: you multiplied the values by the scores, not by the weights.",
            wrong=(
                lambda q, k, v: scores(q, k) @ v,
                lambda q, k, v: q @ k.T @ v,
                lambda q, k, v: scores(q, k) / scores(q, k).sum(-1, keepdims=True) @ v,
            ),
        ),
        Mistake(
            "not-normalised",
            ro="Ponderile nu fac împreună unu: mai ai de împărțit exponențialele la suma lor, pe fiecare rând.",
            en="The weights do not add up to one: the exponentials are still to be divided by their sum, row by row.",
            wrong=(
                lambda q, k, v: np.exp(scores(q, k)) @ v,
                lambda q, k, v: np.exp(scores(q, k) - scores(q, k).max(-1, keepdims=True)) @ v,
            ),
        ),
        Mistake(
            "softmax-of-output",
            ro="Ai aplicat softmax rezultatului. El se aplică scorurilor, înainte de media valorilor.",
            en="You applied softmax to the result. It belongs on the scores, before the mean of the values is taken.",
            wrong=lambda q, k, v: softmax(scores(q, k) @ v),
        ),
        Mistake(
            "roles",
            ro="Ai schimbat rolurile: scorurile vin din interogări și chei, iar media se face din valori.",
            en="The roles are mixed up: the scores come from queries and keys, and the mean is taken of the values.",
            wrong=(
                lambda q, k, v: softmax(scores(q, k)) @ k,
                lambda q, k, v: softmax(scores(k, k)) @ v,
                lambda q, k, v: softmax(q @ v.T / np.sqrt(q.shape[-1])) @ k,
            ),
        ),
        Mistake(
            "hard",
            ro="Ai dat tot cheii cu scorul cel mai mare. Atenția e moale: răspund toate cheile.",
            en="You gave everything to the key with the largest score. Attention is soft: all the keys answer.",
            wrong=lambda q, k, v: v[scores(q, k).argmax(-1)],
        ),
        Mistake(
            "weights",
            ro="Aceasta e harta de atenție. Mai ai de făcut media valorilor: `weights @ v`.",
            en="This is the attention map. The mean of the values is still to be taken: `weights @ v`.",
            wrong=(lambda q, k, v: softmax(scores(q, k)), lambda q, k, v: softmax(q @ k.T)),
        ),
        Mistake(
            "cosine",
            ro="Ai adus vectorii la lungimea 1. Produsul scalar ține seama și de lungimi.",
            en="You brought the vectors to length 1. The dot product takes lengths into account too.",
            wrong=(
                lambda q, k, v: softmax(_unit(q) @ _unit(k).T) @ v,
                lambda q, k, v: softmax(scores(_unit(q), _unit(k))) @ v,
            ),
        ),
    ),
)


def _unit(x):
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)


# 3. The gradient with respect to the query


def query_gradient(q, k, v):
    root = np.sqrt(len(q))
    p = softmax(k @ q / root)
    return (p * (v - p @ v)) @ k / root


def gradient_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(np.array([0.0, 0.0]), np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1.0, 0.0])),
             (np.array([1.0, 0.0]), np.array([[2.0, 1.0], [0.0, 1.0], [1.0, -1.0]]), np.array([3.0, 1.0, 2.0]))]
    # One number; one key, whatever it holds; equal values; scores that turn so fast that a difference is no derivative.
    cases += [(np.array([0.5]), np.array([[1.0], [-2.0]]), np.array([2.0, -1.0])),
              (np.array([0.5, 1.0]), np.array([[1.0, -2.0]]), np.array([3.0])),
              (np.array([0.5, 1.0]), np.array([[1.0, -2.0], [0.0, 3.0]]), np.array([4.0, 4.0])),
              (np.array([2e-5, 1e-5]), np.array([[1e4, 2e4], [-3e4, 1e4], [0.0, -2e4]]), np.array([1.0, 3.0, -2.0]))]
    for d, n in ((2, 2), (2, 4), (3, 3), (5, 3), (4, 6), (9, 5), (3, 14)):
        cases.append((rng.normal(size=d).round(1), rng.normal(size=(n, d)).round(1), rng.normal(1, 3, size=n).round(1)))
    return cases


def weights(q, k):
    return softmax(k @ q / np.sqrt(len(q)))


def _difference(q, k, v, h, back):
    """By how much the answer changes for a step h, forward only or to both sides."""
    return np.array([(weights(q + h * e, k) @ v - weights(q - back * h * e, k) @ v) / (h + back * h)
                     for e in np.eye(len(q))])  # fmt: skip


GRADIENT = Exercise(
    "03.query-gradient",
    query_gradient,
    gradient_cases,
    (
        Mistake(
            "no-root",
            ro="Derivata scorurilor în raport cu `q` e K/√d: la sfârșit mai împarți o dată la √d.",
            en="The derivative of the scores with respect to `q` is K/√d: at the end divide by √d once more.",
            wrong=lambda q, k, v: query_gradient(q, k, v) * np.sqrt(len(q)),
        ),
        Mistake(
            "scores-without-root",
            ro="Ponderile sunt calculate fără √d. Scorurile sunt `k @ q / np.sqrt(d)`, cu `d = len(q)`.",
            en="The weights are computed without √d. The scores are `k @ q / np.sqrt(d)`, with `d = len(q)`.",
            wrong=(
                lambda q, k, v: (lambda p: (p * (v - p @ v)) @ k / np.sqrt(len(q)))(softmax(k @ q)),
                lambda q, k, v: (lambda p: (p * (v - p @ v)) @ k)(softmax(k @ q)),
            ),
        ),
        Mistake(
            "twice-root",
            ro="Ai împărțit de prea multe ori: la sfârșit o singură dată, la √d, nu la d.",
            en="You divided too often: at the end once only, by √d and not by d.",
            wrong=lambda q, k, v: query_gradient(q, k, v) / np.sqrt(len(q)),
        ),
        Mistake(
            "weights-fixed",
            ro="Ai uitat că suma ponderilor e fixă: când una crește, celelalte scad. Jacobianul are și termenul −p·p, "
            "adică din `v` se scade media lui.",
            en="You forgot that the sum is fixed: when one weight grows the others fall. The Jacobian has the term "
            "−p·p too, so the mean of `v` is subtracted from it.",
            wrong=(
                lambda q, k, v: (weights(q, k) * v) @ k / np.sqrt(len(q)),
                lambda q, k, v: (weights(q, k) * v) @ k,
            ),
        ),
        Mistake(
            "no-jacobian",
            ro="Lipsește jacobianul lui softmax: ponderea însăși înmulțește diferența, p · (v − media).",
            en="The Jacobian of softmax is missing: the weight itself multiplies the difference, p · (v − mean).",
            wrong=(
                lambda q, k, v: (v - weights(q, k) @ v) @ k / np.sqrt(len(q)),
                lambda q, k, v: v @ k / np.sqrt(len(q)),
                lambda q, k, v: v @ k,
            ),
        ),
        Mistake(
            "plain-mean",
            ro="Ai scăzut media simplă. Media se ia cu ponderile `p`.",
            en="You subtracted the plain mean. The mean is taken under the weights `p`.",
            wrong=(
                lambda q, k, v: (weights(q, k) * (v - v.mean())) @ k / np.sqrt(len(q)),
                lambda q, k, v: (weights(q, k) * (v - v.mean())) @ (k - k.mean(0)) / np.sqrt(len(q)),
            ),
        ),
        Mistake(
            "unweighted",
            ro="Ai dat tuturor cheilor aceeași pondere. Aici fiecare cheie are ponderea ei din `p`.",
            en="You gave all the keys the same weight. Here each key has its own weight from `p`.",
            wrong=(
                lambda q, k, v: (v - v.mean()) @ (k - k.mean(0)) / len(v) / np.sqrt(len(q)),
                lambda q, k, v: (v - v.mean()) @ (k - k.mean(0)) / len(v),
            ),
        ),
        Mistake(
            "diagonal",
            ro="Ai luat doar diagonala jacobianului, p (1 − p). Elementele dinafara ei contează și ele.",
            en="You took only the diagonal of the Jacobian, p (1 − p). The entries off it count too.",
            wrong=(
                lambda q, k, v: (weights(q, k) * (1 - weights(q, k)) * v) @ k / np.sqrt(len(q)),
                lambda q, k, v: (weights(q, k) * (1 - weights(q, k)) * v) @ k,
            ),
        ),
        Mistake(
            "sign",
            ro="Semnul e inversat.",
            en="The sign is reversed.",
            wrong=lambda q, k, v: -query_gradient(q, k, v),
        ),
        Mistake(
            "difference",
            ro="Ai luat o diferență pentru un pas anume. Gradientul e derivata exactă: scrie formula.",
            en="You took a difference for a step of some size. The gradient is the exact derivative: write the "
            "formula.",
            wrong=tuple(
                lambda q, k, v, h=h, back=back: _difference(q, k, v, h, back)
                for h, back in ((0.1, 0), (0.01, 0), (1e-3, 0), (1e-4, 0), (1e-5, 0), (1e-6, 0),
                                (0.1, 1), (0.01, 1), (1e-3, 1), (1e-4, 1), (1e-5, 1))
            ),
        ),
        Mistake(
            "mean-key",
            ro="Aceasta e media cheilor. Valorile nu apar deloc în rezultat.",
            en="This is the mean of the keys. The values do not enter the result at all.",
            wrong=(lambda q, k, v: weights(q, k) @ k, lambda q, k, v: weights(q, k) @ k / np.sqrt(len(q))),
        ),
        Mistake(
            "answer",
            ro="Acesta e răspunsul o. Se cere gradientul lui, cu forma `(d,)`.",
            en="This is the answer o. Its gradient is asked for, of shape `(d,)`.",
            wrong=lambda q, k, v: weights(q, k) @ v,
        ),
        Mistake(
            "by-scores",
            ro="Acesta e gradientul în raport cu scorurile, cu forma `(N,)`. Mai înmulțește cu `k` și împarte la √d.",
            en="This is the gradient with respect to the scores, of shape `(N,)`. Multiply by `k` and divide by √d.",
            wrong=lambda q, k, v: weights(q, k) * (v - weights(q, k) @ v),
        ),
    ),
)

EXERCISES = (KERNEL, ATTENTION, GRADIENT)
