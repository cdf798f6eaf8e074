"""Chapter 12: the Differential Transformer."""

from collections.abc import Callable

import numpy as np

from ..attention.differential import lambda_init
from ..attention.softmax import softmax
from .ch11 import (
    BEFORE_SOFTMAX,
    COLUMNS,
    IGNORES_LAMBDA,
    LIMITED,
    LIMITS,
    ONE_MAP,
    OVERFLOW,
    PLUS,
    SCALE,
    SWAPPED,
    causal,
)
from .engine import Exercise
from .mistakes import Mistake

EPS = 1e-5


def rms(x, axis=-1, eps=EPS):
    return x / np.sqrt((x**2).mean(axis=axis, keepdims=True) + eps)


def centred(x, axis=-1):
    return x - x.mean(axis=axis, keepdims=True)


# 1. The whole head


def finished_head(q1, k1, q2, k2, v, lam, layer):
    scale = np.sqrt(q1.shape[-1])
    weights = causal(q1 @ k1.T / scale) - lam * causal(q2 @ k2.T / scale)
    return (1 - lambda_init(layer)) * rms(weights @ v)


def head_cases(rng: np.random.Generator) -> list[tuple]:
    def case(T: int, d: int, lam: float, layer: int, scale: float = 1, values: float = 1) -> tuple:
        queries_and_keys = [(scale * rng.normal(size=(T, d))).round(1) for _ in range(4)]
        return (*queries_and_keys, values * rng.normal(size=(T, 2 * d)).round(1), lam, layer)

    sizes = [(1, 1), (1, 2), (2, 1), (2, 2), (3, 2), (2, 3), (3, 4), (4, 2), (4, 4), (5, 3), (6, 8), (12, 4)]
    cases = [case(T, d, lam, layer) for i, (T, d) in enumerate(sizes) for lam, layer in ((0.3, 1), (0.8, 2 + i % 5))]
    # Lambda of every kind on fixed numbers, deep layers, and values so small that the 1e-5 under the root shows.
    one, two, three = np.array([[1.0], [-0.5]]), np.array([[0.3], [2.0]]), np.array([[1.0, -2.0], [4.0, 3.0]])
    cases += [(one, two, two, one, three, lam, layer) for lam, layer in ((-0.4, 1), (-1.5, 3), (0.0, 2), (1.3, 4),
                                                                        (2.5, 24))]  # fmt: skip
    cases += [(one, two, two, one, size * three, 0.6, 3) for size in (1e-2, 1e-3, 0.0)]
    high, low = np.array([[40.0], [0.5]]), np.array([[40.0], [39.0]])
    near = np.array([[6.1, 4.2], [5.9, 4.6], [6.3, 3.9]])  # large scores, close together
    cases.append((near[::-1] / 1.2, near, near, near / 1.3, np.arange(12.0).reshape(3, 4) % 5, 0.6, 2))
    cases += [(high, low, one, two, three, 0.5, 2), (one, two, high, low, three, 0.5, 2)]
    return [*cases, case(14, 2, 0.4, 12)]


def head(finish: Callable) -> Callable:
    """A formula in the two arrays of scaled scores, the values, lambda and lambda_init."""

    def formula(q1, k1, q2, k2, v, lam, layer):
        scale = np.sqrt(q1.shape[-1])
        return finish(q1 @ k1.T / scale, q2 @ k2.T / scale, v, lam, lambda_init(layer))

    return formula


def after(finish: Callable) -> Callable:
    """A formula in the right head before its norm, lambda and lambda_init."""
    return head(lambda s1, s2, v, lam, init: finish((causal(s1) - lam * causal(s2)) @ v, lam, init))


def before(attend: Callable) -> Callable:
    """A formula for the head, the norm and the factor after it being right."""
    return head(lambda s1, s2, v, lam, init: (1 - init) * rms(attend(s1, s2, v, lam)))


def with_scale(scale: Callable) -> Callable:
    def formula(q1, k1, q2, k2, v, lam, layer):
        s = scale(*q1.shape)
        return (1 - lambda_init(layer)) * rms((causal(q1 @ k1.T / s) - lam * causal(q2 @ k2.T / s)) @ v)

    return formula


HEAD = Exercise(
    "12.head",
    finished_head,
    head_cases,
    (
        Mistake(**OVERFLOW, wrong=before(lambda s1, s2, v, lam: (np.tril(np.exp(s1)) / np.tril(np.exp(s1)).sum(
            -1, keepdims=True) - lam * np.tril(np.exp(s2)) / np.tril(np.exp(s2)).sum(-1, keepdims=True)) @ v)),
        Mistake(
            "factor-lambda",
            ro="Factorul e constanta 1 − lambda_init(layer). Ai pus în el `lam`, care se schimbă la învățare.",
            en="The factor is the constant 1 − lambda_init(layer). You put `lam` into it, which changes as it learns.",
            wrong=after(lambda x, lam, init: (1 - lam) * rms(x)),
        ),
        Mistake(
            "no-factor",
            ro="Lipsește factorul: după normalizare, capul se înmulțește cu 1 − lambda_init(layer).",
            en="The factor is missing: after the normalisation the head is multiplied by 1 − lambda_init(layer).",
            wrong=after(lambda x, lam, init: rms(x)),
        ),
        Mistake(
            "factor-before-norm",
            ro="Ai înmulțit cu factorul înainte de RMSNorm, care îl șterge la loc. Factorul vine după.",
            en="You multiplied by the factor before RMSNorm, which takes it away again. The factor comes after.",
            wrong=(after(lambda x, lam, init: rms((1 - init) * x)), after(lambda x, lam, init: rms((1 - lam) * x))),
        ),
        Mistake(
            "factor-init",
            ro="Factorul e 1 − lambda_init(layer), nu lambda_init, și înmulțește; nu împarte.",
            en="The factor is 1 − lambda_init(layer), not lambda_init, and it multiplies; it does not divide.",
            wrong=(
                after(lambda x, lam, init: init * rms(x)),
                after(lambda x, lam, init: rms(x) / (1 - init)),
                after(lambda x, lam, init: rms(x) - init),
                after(lambda x, lam, init: (1 + init) * rms(x)),
            ),
        ),
        Mistake(
            "counts-from-zero",
            ro="Straturile se numără de la 1: folosește lambda_init(layer) așa cum e, fără să aduni sau să scazi 1.",
            en="Layers count from 1: use lambda_init(layer) as it is, without adding or subtracting 1.",
            wrong=(
                lambda q1, k1, q2, k2, v, lam, layer: finished_head(q1, k1, q2, k2, v, lam, layer + 1),
                lambda q1, k1, q2, k2, v, lam, layer: finished_head(q1, k1, q2, k2, v, lam, layer - 1),
                lambda q1, k1, q2, k2, v, lam, layer: finished_head(q1, k1, q2, k2, v, lam, max(layer - 1, 1)),
            ),
        ),
        Mistake(
            "one-layer",
            ro="Factorul iese același în orice strat. El depinde de `layer`.",
            en="The factor comes out the same in every layer. It depends on `layer`.",
            wrong=tuple(after(lambda x, lam, init, factor=factor: factor * rms(x))
                        for factor in (0.2, 0.8, 0.5)),
        ),
        Mistake(
            "no-norm",
            ro="Lipsește RMSNorm: fiecare rând al capului se împarte la media lui pătratică, înainte de factor.",
            en="RMSNorm is missing: each row of the head is divided by its root mean square, before the factor.",
            wrong=(
                after(lambda x, lam, init: (1 - init) * x),
                after(lambda x, lam, init: x),
                after(lambda x, lam, init: (1 - lam) * x),
            ),
        ),
        Mistake(
            "norm-over-time",
            ro="Media pătratelor merge pe numerele unui singur cuvânt, axa −1. Peste cuvinte, viitorul se scurge în "
            "trecut.",
            en="The mean of the squares runs over the numbers of one word, axis −1. Taken over the words, it lets the "
            "future into the past.",
            wrong=(
                after(lambda x, lam, init: (1 - init) * rms(x, axis=0)),
                after(lambda x, lam, init: (1 - init) * rms(x, axis=(0, 1))),
                after(lambda x, lam, init: (1 - init) * rms(centred(x, (0, 1)), axis=(0, 1))),
            ),
        ),
        Mistake(
            "centred",
            ro="RMSNorm nu scade media. Ridică numerele așa cum sunt la pătrat.",
            en="RMSNorm subtracts no mean. Square the numbers as they are.",
            wrong=(
                after(lambda x, lam, init: (1 - init) * rms(centred(x))),
                after(lambda x, lam, init: (1 - init) * x / np.sqrt(x.var(-1, keepdims=True) + EPS)),
            ),
        ),
        Mistake(
            "sum",
            ro="Ai împărțit la rădăcina *sumei* pătratelor. La RMSNorm e rădăcina *mediei* lor.",
            en="You divided by the root of the *sum* of the squares. For RMSNorm it is the root of their *mean*.",
            wrong=(
                after(lambda x, lam, init: (1 - init) * x / np.sqrt((x**2).sum(-1, keepdims=True) + EPS)),
                after(lambda x, lam, init: (1 - init) * x / (np.linalg.norm(x, axis=-1, keepdims=True) + EPS)),
                after(lambda x, lam, init: (1 - init) * x / np.sqrt((x**2).sum(-1, keepdims=True))),
            ),
        ),
        Mistake(
            "no-root",
            ro="Lipsește rădăcina: ai împărțit la media pătratelor însăși.",
            en="The root is missing: you divided by the mean of the squares itself.",
            wrong=after(lambda x, lam, init: (1 - init) * x / ((x**2).mean(-1, keepdims=True) + EPS)),
        ),
        Mistake(
            "eps",
            ro="La numere mici contează și ε: sub rădăcină se adună exact `1e-5`, la orice rând.",
            en="With small numbers ε counts too: exactly `1e-5` is added under the root, for every row.",
            wrong=(
                *(after(lambda x, lam, init, eps=eps: (1 - init) * rms(x, eps=eps))
                  for eps in (0.0, 1e-4, 1e-6, 1e-8, 1e-12, 1e-10)),
                *(after(lambda x, lam, init, eps=eps: (1 - init) * x
                        / (np.sqrt((x**2).mean(-1, keepdims=True)) + eps)) for eps in (1e-5, 1e-6, 1e-8)),
                after(lambda x, lam, init: (1 - init) * x / np.sqrt(np.maximum((x**2).mean(-1, keepdims=True), EPS))),
            ),
        ),
        Mistake(
            "norm-each-map",
            ro="Ai normalizat separat produsul fiecărei hărți cu valorile. Întâi se scad hărțile, apoi urmează un "
            "singur RMSNorm.",
            en="You normalised each map times values on its own. The maps are subtracted first, then comes RMSNorm.",
            wrong=(
                head(lambda s1, s2, v, lam, init: (1 - init) * (rms(causal(s1) @ v) - lam * rms(causal(s2) @ v))),
                head(lambda s1, s2, v, lam, init: (1 - init) * ((causal(s1) - lam * causal(s2)) @ rms(v))),
                head(lambda s1, s2, v, lam, init: (1 - init) * (rms(causal(s1) - lam * causal(s2)) @ v)),
            ),
        ),
        Mistake(
            "no-mask",
            ro="Lipsește masca: un cuvânt vede și ce vine după el. Dă-le amândurora masca cauzală.",
            en="The mask is missing: a word sees what comes after it too. Give both maps the causal mask.",
            wrong=before(lambda s1, s2, v, lam: (softmax(s1) - lam * softmax(s2)) @ v),
        ),
        Mistake(
            "one-masked",
            ro="Doar una dintre hărți are mască. Fiecare hartă își are masca ei.",
            en="Only one of the maps has a mask. Each map has its own.",
            wrong=(
                before(lambda s1, s2, v, lam: (causal(s1) - lam * softmax(s2)) @ v),
                before(lambda s1, s2, v, lam: (softmax(s1) - lam * causal(s2)) @ v),
            ),
        ),
        Mistake(
            "zeroed-after",
            ro="Ai șters viitorul după softmax; el rămâne în numitori. Masca vine înaintea fiecărui softmax.",
            en="You erased the future after the softmax; it is still in the denominators. The mask comes before each "
            "softmax.",
            wrong=before(lambda s1, s2, v, lam: np.tril(softmax(s1) - lam * softmax(s2)) @ v),
        ),
        Mistake(
            **LIMITED,
            wrong=tuple(before(lambda s1, s2, v, lam, limit=limit: (causal(s1) - limit(lam) * causal(s2)) @ v)
                        for limit in LIMITS),
        ),
        Mistake(
            **SCALE,
            wrong=tuple(map(with_scale, (lambda T, d: 1, lambda T, d: d, lambda T, d: np.sqrt(2 * d),
                                         lambda T, d: np.sqrt(T), lambda T, d: 1 / np.sqrt(d)))),
        ),
        Mistake(
            **BEFORE_SOFTMAX,
            wrong=(
                before(lambda s1, s2, v, lam: causal(s1 - lam * s2) @ v),
                before(lambda s1, s2, v, lam: causal(s1 - s2) @ v),
            ),
        ),
        Mistake(**PLUS, wrong=before(lambda s1, s2, v, lam: (causal(s1) + lam * causal(s2)) @ v)),
        Mistake(**IGNORES_LAMBDA, wrong=before(lambda s1, s2, v, lam: (causal(s1) - causal(s2)) @ v)),
        Mistake(
            "init-for-lambda",
            ro="Ai scăzut lambda_init × harta a doua. Se scade `lam`; lambda_init stă numai în factor.",
            en="You subtracted lambda_init times the second map. It is `lam` that is subtracted; lambda_init stands in "
            "the factor alone.",
            wrong=head(lambda s1, s2, v, lam, init: (1 - init) * rms((causal(s1) - init * causal(s2)) @ v)),
        ),
        Mistake(**ONE_MAP, wrong=before(lambda s1, s2, v, lam: causal(s1) @ v)),
        Mistake(
            **SWAPPED,
            wrong=(
                before(lambda s1, s2, v, lam: (causal(s2) - lam * causal(s1)) @ v),
                before(lambda s1, s2, v, lam: (lam * causal(s1) - causal(s2)) @ v),
                before(lambda s1, s2, v, lam: (lam * causal(s2) - causal(s1)) @ v),
            ),
        ),
        Mistake(**COLUMNS, wrong=before(lambda s1, s2, v, lam: (softmax(s1, 0) - lam * softmax(s2, 0)) @ v)),
        Mistake(
            "negatives-clipped",
            ro="Ai tăiat ponderile negative sau ai adus rândurile la altă sumă. Lasă harta așa cum iese din scădere.",
            en="You cut off the negative weights, or brought the rows to another sum. Leave the map as the subtraction "
            "gives it.",
            wrong=(
                before(lambda s1, s2, v, lam: np.maximum(causal(s1) - lam * causal(s2), 0) @ v),
                before(lambda s1, s2, v, lam: np.abs(causal(s1) - lam * causal(s2)) @ v),
            ),
        ),
        Mistake(
            "crossed-pairs",
            ro="Perechile s-au încurcat: `q1` se compară cu `k1`, iar `q2` cu `k2`.",
            en="The pairs are mixed up: `q1` is compared with `k1`, and `q2` with `k2`.",
            wrong=(
                lambda q1, k1, q2, k2, v, lam, layer: finished_head(q1, k2, q2, k1, v, lam, layer),
                lambda q1, k1, q2, k2, v, lam, layer: finished_head(q1, k1, q2, k1, v, lam, layer),
                lambda q1, k1, q2, k2, v, lam, layer: finished_head(q1, k1, q1, k2, v, lam, layer),
            ),
        ),
    ),
)

# 2. Parameters


def count(vocabulary, D, h, n_layers, H):
    d = D // (2 * h)
    return vocabulary * D + n_layers * (4 * D * D + 6 * d + 3 * D * H + 2 * D) + D


def count_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(3, 4, 1, 1, 3), (5, 4, 1, 2, 3), (7, 8, 2, 2, 5), (11, 8, 1, 3, 21), (9, 12, 2, 2, 7), (4, 12, 3, 5, 6)]
    for _ in range(6):
        h, d = int(rng.integers(1, 4)), int(rng.integers(1, 4))
        rest = (int(rng.integers(*ends)) for ends in ((2, 6), (5, 30)))
        cases.append((int(rng.integers(13, 40)), 2 * h * d, h, *rest))
    return cases


def _more(change: Callable) -> Callable:
    """The count of somebody who adds what change(V, D, h, d, L, H) says."""
    return lambda vocabulary, D, h, n_layers, H: (
        count(vocabulary, D, h, n_layers, H) + change(vocabulary, D, h, D // (2 * h), n_layers, H)
    )


COUNT = Exercise(
    "12.parameters",
    count,
    count_cases,
    (
        Mistake(
            "no-lambda",
            ro="Lipsesc vectorii lui λ: patru în fiecare strat, de câte d numere.",
            en="The vectors of λ are missing: four in every layer, of d numbers each.",
            wrong=_more(lambda V, D, h, d, L, H: -4 * d * L),
        ),
        Mistake(
            "lambda-per-head",
            ro="Ai dat fiecărui cap vectorii lui λ. Un strat are un singur λ: patru vectori de câte d numere.",
            en="You gave each head its own vectors of λ. A layer has one λ: four vectors of d numbers each.",
            wrong=(
                _more(lambda V, D, h, d, L, H: 4 * d * (h - 1) * L),
                _more(lambda V, D, h, d, L, H: 4 * d * (2 * h - 1) * L),
            ),
        ),
        Mistake(
            "lambda-count",
            ro="Sunt patru vectori ai lui λ în fiecare strat, de câte d numere; λ însuși nu e un parametru, "
            "și nici λ_init.",
            en="There are four vectors of λ in every layer, of d numbers each; λ itself is no parameter, and neither "
            "is λ_init.",
            wrong=(
                _more(lambda V, D, h, d, L, H: -3 * d * L),
                _more(lambda V, D, h, d, L, H: (1 - 4 * d) * L),
                _more(lambda V, D, h, d, L, H: (4 - 4 * d) * L),
                _more(lambda V, D, h, d, L, H: L),
                _more(lambda V, D, h, d, L, H: 4 * d * (1 - L)),
                _more(lambda V, D, h, d, L, H: h * L * 1 - 4 * d * L),
            ),
        ),
        Mistake(
            "no-head-norm",
            ro="Lipsesc 2d numere în fiecare strat: ponderile RMSNorm-ului capetelor, sau doi dintre cei patru vectori "
            "ai lui λ.",
            en="In every layer 2d numbers are missing: the weights of the heads' RMSNorm, or two of the four vectors "
            "of λ.",
            wrong=_more(lambda V, D, h, d, L, H: -2 * d * L),
        ),
        Mistake(
            "head-norm-per-head",
            ro="RMSNorm-ul capetelor are 2d ponderi pe strat, aceleași pentru toate capetele: nici câte 2d pe cap, "
            "nici d.",
            en="The RMSNorm of the heads has 2d weights a layer, the same for all heads: not 2d for each head, "
            "and not d.",
            wrong=(
                _more(lambda V, D, h, d, L, H: 2 * d * (h - 1) * L),
                _more(lambda V, D, h, d, L, H: -d * L),
                _more(lambda V, D, h, d, L, H: 2 * d * L),
            ),
        ),
        Mistake(
            "neither",
            ro="Ai numărat un strat obișnuit. Cel diferențial mai are patru vectori ai lui λ și RMSNorm-ul capetelor.",
            en="You counted an ordinary layer. The differential one also has four vectors of λ and the RMSNorm of the "
            "heads.",
            wrong=_more(lambda V, D, h, d, L, H: -6 * d * L),
        ),
        Mistake(
            "wide-d",
            ro="Lățimea d a unui sub-cap e D / (2h), nu D / h.",
            en="The width d of a sub-head is D / (2h), not D / h.",
            wrong=(
                _more(lambda V, D, h, d, L, H: 6 * d * L),
                _more(lambda V, D, h, d, L, H: 4 * d * L),
                _more(lambda V, D, h, d, L, H: 6 * (D - d) * L),
            ),
        ),
        Mistake(
            "everything-doubled",
            ro="Două hărți nu dublează matricele: capetele sunt pe jumătate, așa că W_Q, W_K, W_V și W_O au fiecare "
            "D × D.",
            en="Two maps do not double the matrices: there are half as many heads, so W_Q, W_K, W_V and W_O are D × D "
            "each.",
            wrong=(
                _more(lambda V, D, h, d, L, H: 4 * D * D * L),
                _more(lambda V, D, h, d, L, H: 2 * D * D * L),
                _more(lambda V, D, h, d, L, H: D * D * L),
                _more(lambda V, D, h, d, L, H: 3 * D * D * L),
            ),
        ),
        Mistake(
            "three-projections",
            ro="Atenția are patru matrice D × D: W_Q, W_K, W_V și W_O. Ai numărat mai puțin.",
            en="Attention has four matrices of D × D: W_Q, W_K, W_V and W_O. You counted less.",
            wrong=(
                _more(lambda V, D, h, d, L, H: -D * D * L),
                _more(lambda V, D, h, d, L, H: -2 * D * D * L),
                _more(lambda V, D, h, d, L, H: -3 * D * D * L),
                _more(lambda V, D, h, d, L, H: -4 * D * D * L),
            ),
        ),
        Mistake(
            "untied",
            ro="Ai numărat și matricea de la ieșire. E aceeași cu a reprezentărilor: se numără o singură dată.",
            en="You counted the matrix at the end too. It is that of the embeddings: it counts once.",
            wrong=_more(lambda V, D, h, d, L, H: V * D),
        ),
        Mistake(
            "no-embedding",
            ro="Lipsesc reprezentările cuvintelor: vocabularul × D.",
            en="The embeddings of the words are missing: the vocabulary times D.",
            wrong=_more(lambda V, D, h, d, L, H: -V * D),
        ),
        Mistake(
            "one-layer",
            ro="Ai numărat un singur strat. Fiecare strat are parametrii lui.",
            en="You counted one layer only. Every layer has parameters of its own.",
            wrong=_more(lambda V, D, h, d, L, H: (1 - L) * (4 * D * D + 6 * d + 3 * D * H + 2 * D)),
        ),
        Mistake(
            "all-times-layers",
            ro="Reprezentările și RMSNorm-ul de la sfârșit nu se repetă în fiecare strat.",
            en="The embeddings and the last RMSNorm are not repeated in every layer.",
            wrong=(
                _more(lambda V, D, h, d, L, H: (L - 1) * (V + 1) * D),
                _more(lambda V, D, h, d, L, H: (L - 1) * V * D),
                _more(lambda V, D, h, d, L, H: (L - 1) * D),
            ),
        ),
        Mistake(
            "two-matrices",
            ro="SwiGLU are trei matrice: poarta, urcarea și coborârea, fiecare cu D · H numere.",
            en="SwiGLU has three matrices: the gate, the way up and the way down, of D · H numbers each.",
            wrong=(
                _more(lambda V, D, h, d, L, H: -L * D * H),
                _more(lambda V, D, h, d, L, H: -2 * L * D * H),
                _more(lambda V, D, h, d, L, H: -3 * L * D * H),
            ),
        ),
        Mistake(
            "block-norms",
            ro="Mai sunt câte două RMSNorm-uri pe bloc și unul la sfârșitul modelului, de câte D ponderi.",
            en="There are also two RMSNorms in every block, and one at the end of the model, of D weights each.",
            wrong=(
                _more(lambda V, D, h, d, L, H: -(2 * L + 1) * D),
                _more(lambda V, D, h, d, L, H: -D),
                _more(lambda V, D, h, d, L, H: -L * D),
                _more(lambda V, D, h, d, L, H: -(L + 1) * D),
                _more(lambda V, D, h, d, L, H: -2 * L * D),
            ),
        ),
        Mistake(
            "biases",
            ro="Matricele modelului n-au deplasări (bias): în cod stă `bias=False`.",
            en="The matrices of the model have no biases: the code says `bias=False`.",
            wrong=(
                _more(lambda V, D, h, d, L, H: L * (4 * D + 2 * H + D)),
                _more(lambda V, D, h, d, L, H: L * 4 * D),
                _more(lambda V, D, h, d, L, H: L * (2 * H + D)),
            ),
        ),
    ),
)


# 3. The norm over time


def norm_heads(heads):
    return rms(heads)


def norm_cases(rng: np.random.Generator) -> list[tuple]:
    sizes = [(1, 1, 2), (1, 2, 2), (2, 1, 2), (2, 2, 1), (2, 2, 3), (2, 3, 2), (3, 2, 4), (1, 5, 3), (4, 3, 2),
             (3, 6, 8)]  # fmt: skip
    cases = [((rng.normal(size=size) * rng.uniform(0.5, 3, size=(*size[:2], 1)) + rng.normal()).round(2),)
             for size in sizes for _ in range(2)]  # fmt: skip
    fixed = np.array([[[3.0, 4.0], [0.3, -0.4]], [[1.0, 2.0], [-5.0, 5.0]]])
    return [*cases, (fixed,), (0.001 * fixed,), (0.01 * fixed,), (np.zeros((1, 2, 2)),), (fixed * [[[1.0], [0.0]]],)]


def _rooted(axis, center=False, mean=np.mean, eps=EPS):
    """Divided by the root of the mean of the squares along other axes, and so on."""

    def formula(x):
        x = centred(x, axis) if center else x
        return x / np.sqrt(mean(x**2, axis=axis, keepdims=True) + eps)

    return formula


NORM = Exercise(
    "12.norm-over-time",
    norm_heads,
    norm_cases,
    (
        Mistake(
            "as-given",
            ro="E încă funcția greșită: media și abaterea merg peste toate cuvintele capului. Fiecare cuvânt al "
            "fiecărui cap se împarte la propria mărime, axa −1.",
            en="This is still the wrong function: mean and spread run over all the words of the head. Each word of "
            "each head is divided by its own size, axis −1.",
            wrong=(
                _rooted((1, 2), center=True),
                lambda x: centred(x, (1, 2)) / (x.std(axis=(1, 2), keepdims=True) + EPS),
            ),
        ),
        Mistake(
            "over-time",
            ro="Media încă merge peste cuvinte (axa 1), așa că un cuvânt din viitor schimbă trecutul. Rămâne numai axa "
            "−1.",
            en="The mean still runs over the words (axis 1), so a word of the future changes the past. Keep axis −1 "
            "alone.",
            wrong=(_rooted((1, 2)), _rooted(1), _rooted((0, 1)), _rooted(1, center=True)),
        ),
        Mistake(
            "all-at-once",
            ro="O singură mărime pentru tot tabloul. Fiecare cuvânt al fiecărui cap are mărimea lui: axa −1.",
            en="One size for the whole array. Each word of each head has its own: axis −1.",
            wrong=(_rooted((0, 1, 2)), _rooted((0, 1, 2), center=True)),
        ),
        Mistake(
            "over-heads",
            ro="Ai amestecat capetele: mărimea se ia pe numerele unui singur cap, axa −1, nu și pe axa 0.",
            en="You mixed the heads: the size is taken over the numbers of one head, axis −1, and not over axis 0.",
            wrong=(_rooted((0, 2)), _rooted(0), _rooted((0, 2), center=True)),
        ),
        Mistake(
            "centred",
            ro="Axa e cea potrivită, dar media se scade încă. RMSNorm nu scade nicio medie.",
            en="The axis is right, but the mean is still subtracted. RMSNorm subtracts no mean.",
            wrong=(
                _rooted(-1, center=True),
                lambda x: centred(x) / (x.std(axis=-1, keepdims=True) + EPS),
                lambda x: centred(x) / np.sqrt((x**2).mean(-1, keepdims=True) + EPS),
            ),
        ),
        Mistake(
            "spread",
            ro="Ai împărțit la abaterea standard, care scade media. La RMSNorm se ia rădăcina mediei pătratelor.",
            en="You divided by the standard deviation, which subtracts the mean. RMSNorm takes the root of the mean of "
            "the squares.",
            wrong=(
                lambda x: x / (x.std(axis=-1, keepdims=True) + EPS),
                lambda x: x / np.sqrt(x.var(axis=-1, keepdims=True) + EPS),
            ),
        ),
        Mistake(
            "sum",
            ro="Ai împărțit la rădăcina *sumei* pătratelor. La RMSNorm e rădăcina *mediei* lor.",
            en="You divided by the root of the *sum* of the squares. For RMSNorm it is the root of their *mean*.",
            wrong=(
                _rooted(-1, mean=np.sum),
                lambda x: x / (np.linalg.norm(x, axis=-1, keepdims=True) + EPS),
                _rooted(-1, mean=np.sum, eps=0),
            ),
        ),
        Mistake(
            "no-root",
            ro="Lipsește rădăcina: ai împărțit la media pătratelor însăși.",
            en="The root is missing: you divided by the mean of the squares itself.",
            wrong=lambda x: x / ((x**2).mean(-1, keepdims=True) + EPS),
        ),
        Mistake(
            "absolute",
            ro="Ai luat media valorilor absolute. La RMSNorm: pătratele, media lor, apoi rădăcina.",
            en="You took the mean of the absolute values. For RMSNorm: the squares, their mean, then the root.",
            wrong=lambda x: x / (np.abs(x).mean(-1, keepdims=True) + EPS),
        ),
        Mistake(
            "eps",
            ro="Valoarea lui ε e `1e-5` și se adună sub rădăcină, la media pătratelor; la numere mici se vede.",
            en="The value of ε is `1e-5`, added under the root to the mean of the squares; small numbers show it.",
            wrong=(
                *(_rooted(-1, eps=eps) for eps in (0, 1e-4, 1e-6, 1e-8, 1e-12)),
                *(lambda x, eps=eps: x / (np.sqrt((x**2).mean(-1, keepdims=True)) + eps) for eps in (1e-5, 1e-6, 1e-8)),
                lambda x: x / np.sqrt(np.maximum((x**2).mean(-1, keepdims=True), EPS)),
            ),
        ),
    ),
)


# 4. RoPE on the pair


def rotate(x, start=0, backwards=False, wide=1, base=10000.0):
    T, d = x.shape
    angles = (start + np.arange(T))[:, None] * base ** (-np.arange(0, d, 2) / (wide * d))
    sin, cos = np.sin(-angles if backwards else angles), np.cos(angles)
    even, odd = x[:, 0::2], x[:, 1::2]
    return np.stack([even * cos - odd * sin, even * sin + odd * cos], axis=-1).reshape(T, d)


def turn_pair(q):
    d = q.shape[1] // 2
    return np.hstack([rotate(q[:, :d]), rotate(q[:, d:])])


def pair_cases(rng: np.random.Generator) -> list[tuple]:
    sizes = [(1, 2), (2, 2), (3, 2), (2, 4), (3, 4), (5, 2), (4, 6), (6, 4), (7, 8)]
    cases = [(rng.normal(size=(T, 2 * d)).round(1),) for T, d in sizes for _ in range(2)]
    half = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]])
    return [*cases, (np.hstack([half, half]),), (np.arange(24.0).reshape(3, 8) % 7,)]


def _halves(turn: Callable) -> Callable:
    """A formula in the two halves."""
    return lambda q: turn(q[:, : q.shape[1] // 2], q[:, q.shape[1] // 2 :])


def _woven(a, b):
    return np.stack([a, b], axis=-1).reshape(len(a), -1)


TURN = Exercise(
    "12.turn-pair",
    turn_pair,
    pair_cases,
    (
        Mistake(
            "together",
            ro="E încă rotația întregii perechi: sub-capul al doilea primește numai frecvențele lente. Taie întâi, "
            "apoi rotește fiecare jumătate.",
            en="This still turns the whole pair: the second sub-head is left with the slow frequencies alone. Cut "
            "first, then turn each half.",
            wrong=(rotate, lambda q: rotate(q, wide=0.5)),
        ),
        Mistake(
            "one-turned",
            ro="Doar una dintre jumătăți e rotită. Amândouă sub-capetele își primesc poziția.",
            en="Only one of the halves is turned. Both sub-heads are told their position.",
            wrong=(
                _halves(lambda a, b: np.hstack([rotate(a), b])),
                _halves(lambda a, b: np.hstack([a, rotate(b)])),
            ),
        ),
        Mistake(
            "not-turned",
            ro="Nimic nu s-a rotit.",
            en="Nothing has been turned.",
            wrong=lambda q: q,
        ),
        Mistake(
            "continued",
            ro="Pozițiile nu pornesc de la 0 în fiecare jumătate. Amândouă jumătățile sunt ale acelorași cuvinte, deci "
            "au aceleași poziții.",
            en="Positions do not start at 0 in each half. Both halves belong to the same words, so they have the same "
            "positions.",
            wrong=(
                _halves(lambda a, b: np.hstack([rotate(a), rotate(b, start=len(b))])),
                _halves(lambda a, b: np.hstack([rotate(a), rotate(b, start=1)])),
                _halves(lambda a, b: np.hstack([rotate(a, start=1), rotate(b, start=1)])),
            ),
        ),
        Mistake(
            "wide-frequencies",
            ro="Frecvențele sunt cele ale perechii, cu 2d în exponent. Fiecare jumătate are frecvențele unui vector de "
            "d numere.",
            en="The frequencies are those of the pair, with 2d in the exponent. Each half has those of a vector of d "
            "numbers.",
            wrong=_halves(lambda a, b: np.hstack([rotate(a, wide=2), rotate(b, wide=2)])),
        ),
        Mistake(
            "interleaved",
            ro="Ai împărțit coloanele în pare și impare. Primul sub-cap are primele d coloane, al doilea pe celelalte.",
            en="You divided the columns into even and odd. The first sub-head has the first d, the second the others.",
            wrong=(
                lambda q: _woven(rotate(q[:, 0::2]), rotate(q[:, 1::2])),
                lambda q: np.hstack([rotate(q[:, 0::2]), rotate(q[:, 1::2])]),
            ),
        ),
        Mistake(
            "woven",
            ro="Jumătățile sunt rotite bine, dar puse la loc amestecat. Așază-le una lângă alta: întâi prima, apoi a "
            "doua.",
            en="The halves are turned rightly but put back mixed. Set them side by side: the first, then the second.",
            wrong=(
                _halves(lambda a, b: _woven(rotate(a), rotate(b))),
                _halves(lambda a, b: np.hstack([rotate(b), rotate(a)])),
            ),
        ),
        Mistake(
            "same-half",
            ro="Aceeași jumătate apare de două ori.",
            en="The same half appears twice.",
            wrong=(
                _halves(lambda a, b: np.hstack([rotate(a), rotate(a)])),
                _halves(lambda a, b: np.hstack([rotate(b), rotate(b)])),
            ),
        ),
        Mistake(
            "stacked",
            ro="Jumătățile stau una sub alta. Pune-le una lângă alta: `(T, 2d)`, ca la intrare.",
            en="The halves stand one below the other. Put them side by side: `(T, 2d)`, as they came.",
            wrong=(
                _halves(lambda a, b: np.vstack([rotate(a), rotate(b)])),
                _halves(lambda a, b: rotate(np.vstack([a, b]))),
                _halves(lambda a, b: np.stack([rotate(a), rotate(b)])),
            ),
        ),
        Mistake(
            "one-half",
            ro="S-a întors o singură jumătate. Rezultatul are forma intrării, `(T, 2d)`.",
            en="One half alone came back. The result has the shape of the input, `(T, 2d)`.",
            wrong=(_halves(lambda a, b: rotate(a)), _halves(lambda a, b: rotate(b))),
        ),
        Mistake(
            "twice",
            ro="Ai rotit de două ori: o dată perechea, o dată jumătățile, sau de două ori o jumătate.",
            en="You turned twice: once the pair and once the halves, or one half two times.",
            wrong=(
                lambda q: turn_pair(rotate(q)),
                lambda q: turn_pair(turn_pair(q)),
                _halves(lambda a, b: np.hstack([rotate(a), rotate(rotate(b))])),
            ),
        ),
        Mistake(
            "backwards",
            ro="O jumătate s-a rotit în sens invers. Amândouă se rotesc la fel.",
            en="One half was turned the other way. Both turn alike.",
            wrong=(
                _halves(lambda a, b: np.hstack([rotate(a), rotate(b, backwards=True)])),
                _halves(lambda a, b: np.hstack([rotate(a, backwards=True), rotate(b, backwards=True)])),
            ),
        ),
        Mistake(
            "subtracted",
            ro="Sub-capetele nu se scad aici. Se scad hărțile lor, mai târziu.",
            en="The sub-heads are not subtracted here. Their maps are, later on.",
            wrong=_halves(lambda a, b: rotate(a) - rotate(b)),
        ),
    ),
)

EXERCISES = (HEAD, COUNT, NORM, TURN)
