"""Chapter 7: a Transformer from scratch."""

import numpy as np

from .engine import Exercise
from .mistakes import Mistake
from .signs import fails_only

# 1. The norm


def rms_norm(x, weight):
    return _root(x, (x**2).mean(axis=-1, keepdims=True), weight)


def norm_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(np.array([[3.0, 4.0]]), np.ones(2)), (np.array([[0.004, 0.0]]), np.array([1.0, 2.0]))]
    # A vector of zeros, where only eps keeps from dividing by zero; a tiny one beside a large one; a single number.
    cases += [(np.array([[0.0, 0.0], [3.0, -1.0]]), np.array([1.0, -2.0])),
              (np.array([[1e-4, -2e-4, 1e-4], [500.0, -100.0, 0.0]]), np.array([1.0, 0.0, 3.0])),
              (np.array([[-2.0]]), np.array([1.5]))]  # fmt: skip
    for T, D in ((1, 3), (2, 3), (3, 2), (2, 2), (3, 4), (4, 6), (14, 3)):
        x = rng.normal(0.6, 1, size=(T, D)).round(2)
        weight = (1 + rng.permutation(D) + rng.uniform(0.2, 0.6, size=D)).round(2)
        cases.append((x, weight))
    return cases


def _root(x, power_mean, weight, eps=1e-5):
    return x / np.sqrt(power_mean + eps) * weight


RMS_NORM = Exercise(
    "07.rms-norm",
    rms_norm,
    norm_cases,
    (
        Mistake(
            "centred",
            ro="Ai scăzut media, ca la LayerNorm. RMSNorm nu mută vectorul, doar îi schimbă lungimea.",
            en="You subtracted the mean, as LayerNorm does. RMSNorm does not move a vector, it only resizes it.",
            wrong=(
                lambda x, weight: rms_norm(x - x.mean(-1, keepdims=True), weight),
                lambda x, weight: _root(x, x.var(-1, keepdims=True), weight),
                lambda x, weight: (x - x.mean(-1, keepdims=True)) / (x.std(-1, keepdims=True) + 1e-5) * weight,
            ),
        ),
        Mistake(
            "other-axis",
            ro="Media merge pe numerele unui cuvânt (axa −1), nu pe cuvinte: fiecare rând are mărimea lui.",
            en="The mean goes over the numbers of one word (axis −1), not over the words: each row has its own size.",
            wrong=lambda x, weight: _root(x, (x**2).mean(axis=0, keepdims=True), weight),
        ),
        Mistake(
            "all-at-once",
            ro="O singură mărime pentru tot textul. Fiecare rând se împarte la a lui: `axis=-1, keepdims=True`.",
            en="One size for the whole text. Each row is divided by its own: `axis=-1, keepdims=True`.",
            wrong=lambda x, weight: _root(x, (x**2).mean(), weight),
        ),
        Mistake(
            "sum",
            ro="Ai împărțit la lungimea vectorului, rădăcina *sumei* pătratelor. Aici e rădăcina *mediei* lor.",
            en="You divided by the vector's length, the root of the *sum* of squares. Here it is that of their *mean*.",
            wrong=(
                lambda x, weight: _root(x, (x**2).sum(axis=-1, keepdims=True), weight),
                lambda x, weight: x / np.linalg.norm(x, axis=-1, keepdims=True) * weight,
            ),
        ),
        Mistake(
            "no-root",
            ro="Lipsește rădăcina: ai împărțit la media pătratelor însăși.",
            en="The root is missing: you divided by the mean of the squares itself.",
            wrong=lambda x, weight: x / ((x**2).mean(axis=-1, keepdims=True) + 1e-5) * weight,
        ),
        Mistake(
            "root-of-mean",
            ro="Întâi pătratele, apoi media lor. Media luată înaintea pătratului lasă numerele să se anuleze.",
            en="First the squares, then their mean. A mean taken before the square lets numbers cancel.",
            wrong=(
                lambda x, weight: _root(x, x.mean(axis=-1, keepdims=True) ** 2, weight),
                lambda x, weight: x / (np.abs(x.mean(axis=-1, keepdims=True)) + 1e-5) * weight,
            ),
        ),
        Mistake(
            "absolute",
            ro="Ai luat media mărimilor, fără pătrat și rădăcină.",
            en="You took the mean of the absolute values, without square and root.",
            wrong=lambda x, weight: x / (np.abs(x).mean(axis=-1, keepdims=True) + 1e-5) * weight,
        ),
        Mistake(
            "no-weight",
            ro="Lipsește înmulțirea cu `weight`.",
            en="The multiplication by `weight` is missing.",
            wrong=lambda x, weight: rms_norm(x, np.ones_like(weight)),
        ),
        Mistake(
            "one-plus",
            ro="Ai înmulțit cu 1 + `weight`. Aici `weight` înmulțește așa cum vine.",
            en="You multiplied by 1 + `weight`. Here `weight` multiplies as it comes.",
            wrong=lambda x, weight: rms_norm(x, 1 + weight),
        ),
        Mistake(
            "weight-inside",
            ro="`weight` se înmulțește la sfârșit. Pus înainte, intră și în mărimea la care împarți.",
            en="`weight` multiplies at the end. Put in before, it enters the size that you divide by as well.",
            wrong=(
                lambda x, weight: rms_norm(x * weight, np.ones_like(weight)),
                lambda x, weight: _root(x, ((x * weight) ** 2).mean(axis=-1, keepdims=True), weight),
            ),
        ),
        Mistake(
            "no-eps",
            ro="Lipsește `eps` de sub rădăcină. La vectori mici se vede, iar zerourile s-ar împărți la zero.",
            en="`eps` under the root is missing. Small vectors show it, and a vector of zeros would divide by zero.",
            wrong=lambda x, weight: _root(x, (x**2).mean(axis=-1, keepdims=True), weight, 0.0),
        ),
        Mistake(
            "other-eps",
            ro="Ai pus altă valoare pentru `eps`, sau ai sărit numai peste rândurile nule. Aici e `1e-5`, la orice "
            "rând: la "
            "vectori mici se vede.",
            en="You used another value of `eps`, or only stepped over rows of zeros. Here it is `1e-5`, for every "
            "row: small "
            "vectors show it.",
            wrong=tuple(
                lambda x, weight, eps=eps: _root(x, (x**2).mean(axis=-1, keepdims=True), weight, eps)
                for eps in (1e-3, 1e-4, 1e-6, 2**-23, 1e-8, 1e-9, 1e-10, 1e-12, 2**-52, 1e-2, 0.1, 1.0)
            ),
        ),
        Mistake(
            "eps-outside",
            ro="`eps` se adună la media pătratelor, sub rădăcină, nu la rădăcină.",
            en="`eps` is added to the mean of the squares, under the root, not to the root.",
            wrong=lambda x, weight: x / (np.sqrt((x**2).mean(axis=-1, keepdims=True)) + 1e-5) * weight,
        ),
    ),
)

# 2. How many parameters


def parameters(vocabulary, dim, layers, hidden):
    return vocabulary * dim + layers * (4 * dim**2 + 3 * dim * hidden + 2 * dim) + dim


def parameter_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(5, 4, 1, 3), (11, 6, 2, 16), (7, 8, 3, 21), (2, 1, 1, 1), (3200, 64, 4, 170)]
    for _ in range(6):
        cases.append(tuple(int(rng.integers(*ends)) for ends in ((13, 90), (2, 12), (2, 7), (17, 60))))
    return cases


def _more(change):
    """The count of somebody who adds what change(V, D, L, H) says."""
    return lambda vocabulary, dim, layers, hidden: (
        parameters(vocabulary, dim, layers, hidden) + change(vocabulary, dim, layers, hidden)
    )


PARAMETERS = Exercise(
    "07.parameters",
    parameters,
    parameter_cases,
    (
        Mistake(
            "untied",
            ro="Ai numărat și capul. E legat de reprezentări: aceeași matrice, numărată o singură dată.",
            en="You counted the head too. It is tied to the embedding: the same matrix, counted once.",
            wrong=_more(lambda V, D, L, H: V * D),
        ),
        Mistake(
            "no-embedding",
            ro="Lipsesc vectorii cuvintelor.",
            en="The vectors of the words are missing.",
            wrong=_more(lambda V, D, L, H: -V * D),
        ),
        Mistake(
            "one-layer",
            ro="Ai numărat un singur strat. Fiecare strat are ponderile lui.",
            en="You counted one layer only. Every layer has weights of its own.",
            wrong=_more(lambda V, D, L, H: (1 - L) * (4 * D**2 + 3 * D * H + 2 * D)),
        ),
        Mistake(
            "all-times-layers",
            ro="Vectorii cuvintelor și norma de la sfârșit nu se repetă în fiecare strat.",
            en="The vectors of the words and the norm at the end are not repeated in every layer.",
            wrong=(
                _more(lambda V, D, L, H: (L - 1) * (V + 1) * D),
                _more(lambda V, D, L, H: (L - 1) * V * D),
                _more(lambda V, D, L, H: (L - 1) * D),
            ),
        ),
        Mistake(
            "two-matrices",
            ro="SwiGLU are trei matrice: poarta, urcarea și coborârea. Ai numărat mai puține.",
            en="SwiGLU has three matrices: the gate, the way up and the way down. You counted fewer.",
            wrong=(_more(lambda V, D, L, H: -L * D * H), _more(lambda V, D, L, H: -2 * L * D * H),
                   _more(lambda V, D, L, H: -3 * L * D * H)),
        ),
        Mistake(
            "three-projections",
            ro="Atenția are patru matrice: interogări, chei, valori și ieșirea care amestecă la loc capetele. Ai "
            "numărat mai puține.",
            en="Attention has four matrices: queries, keys, values, and the output that mixes the heads again. You "
            "counted fewer.",
            wrong=(_more(lambda V, D, L, H: -L * D**2), _more(lambda V, D, L, H: -3 * L * D**2),
                   _more(lambda V, D, L, H: -4 * L * D**2)),
        ),
        Mistake(
            "no-norms",
            ro="Lipsesc ponderile normelor: două norme în fiecare strat și una la sfârșit, câte `dim` numere fiecare.",
            en="The weights of the norms are missing: two in every layer and one at the end, of `dim` numbers each.",
            wrong=_more(lambda V, D, L, H: -(2 * L + 1) * D),
        ),
        Mistake(
            "no-last-norm",
            ro="Mai e o normă, după ultimul strat.",
            en="There is one more norm, after the last layer.",
            wrong=_more(lambda V, D, L, H: -D),
        ),
        Mistake(
            "one-norm",
            ro="Fiecare strat are două norme: una înaintea atenției, alta înaintea MLP-ului.",
            en="Every layer has two norms: one before attention, one before the MLP.",
            wrong=(
                _more(lambda V, D, L, H: -L * D),
                _more(lambda V, D, L, H: -(L + 1) * D),
            ),
        ),
        Mistake(
            "biases",
            ro="Aici nu există praguri: matricele din modelul nostru n-au.",
            en="There are no offsets here: the matrices of our model have none.",
            wrong=(
                _more(lambda V, D, L, H: L * (4 * D + 2 * H + D)),
                _more(lambda V, D, L, H: L * 4 * D),
                _more(lambda V, D, L, H: L * (2 * H + D)),
            ),
        ),
        Mistake(
            "hidden-as-width",
            ro="Matricele MLP-ului leagă `dim` de `hidden`: fiecare are `dim * hidden` numere, nu pătratul unuia "
            "dintre ele.",
            en="The matrices of the MLP join `dim` and `hidden`: each has `dim * hidden` numbers, not the square of "
            "either.",
            wrong=(_more(lambda V, D, L, H: 3 * L * (H**2 - D * H)), _more(lambda V, D, L, H: 3 * L * (D**2 - D * H)),
                   _more(lambda V, D, L, H: L * (H**2 - D * H)), _more(lambda V, D, L, H: 9 * L * D**2)),
        ),
        Mistake(
            "four-times",
            ro="Lățimea MLP-ului e `hidden`, primită ca argument, nu de 4 ori `dim`.",
            en="The width of the MLP is `hidden`, given as an argument, not 4 times `dim`.",
            wrong=(
                _more(lambda V, D, L, H: L * (12 * D**2 - 3 * D * H)),
                _more(lambda V, D, L, H: L * (8 * D**2 - 3 * D * H)),
            ),
        ),
        Mistake(
            "layer-norm",
            ro="RMSNorm are un singur șir de `dim` ponderi. Al doilea, de praguri, e al lui LayerNorm.",
            en="RMSNorm has one list of `dim` weights. The second, of offsets, belongs to LayerNorm.",
            wrong=_more(lambda V, D, L, H: (2 * L + 1) * D),
        ),
    ),
)

# 3. The nucleus


def nucleus(weights, p):
    order = np.argsort(-weights)
    before = np.cumsum(weights[order]) - weights[order]
    kept = np.zeros_like(weights)
    kept[order] = weights[order] * (before < p - 1e-12)
    return kept / kept.sum()


def nucleus_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(np.array([0.25, 0.75]), 0.5), (np.array([0.125, 0.5, 0.25, 0.125 / 2, 0.125 / 2]), 0.75)]
    # One token is all there is; the first is enough by itself; the share is everything; equal weights; a long list.
    cases += [(np.array([1.0]), 0.9), (np.array([0.2, 0.5, 0.3]), 0.4), (np.array([0.125, 0.5, 0.0625, 0.3125]), 1.0),
              (np.array([0.25, 0.07, 0.4, 0.25, 0.03]), 0.95), (np.arange(1, 16) / 120, 0.6)]  # fmt: skip
    while len(cases) < 15:
        n = int(rng.integers(4, 9))
        parts = rng.permutation(np.cumsum(rng.integers(3, 12, size=n)))  # all different
        weights, p = parts / parts.sum(), round(float(rng.uniform(0.35, 0.85)), 2)
        totals = np.cumsum(np.sort(weights)[::-1])
        if np.abs(totals - p).min() > 0.01 and 2 <= (totals < p).sum() <= n - 2:
            cases.append((weights, p))
    return cases


def _keep(weights, places):
    kept = np.zeros_like(weights)
    kept[places] = weights[places]
    return kept / max(kept.sum(), 1e-300)


def _first(weights, order, p, one_more=True):
    """Tokens in this order until the share is reached, the last of them included or not."""
    reached = int(np.searchsorted(np.cumsum(weights[order]), p - 1e-12)) + one_more
    return _keep(weights, order[:reached])


def _below(weights, order, compare, p, least):
    """Those whose sum is still below the share, but `least` of them in any case."""
    return _keep(weights, order[: max(least, int(compare(np.cumsum(weights[order]), p).sum()))])


def _above(weights, order, p):
    """Until the sum is above the share; where it never is, the search of numpy answers with the first place."""
    return _keep(weights, order[: np.argmax(np.cumsum(weights[order]) > p + 1e-12) + 1])


def _keeps_equals(weights, p):
    kept = weights[nucleus(weights, p) > 0]
    return len(set(kept)) < len(kept)


NUCLEUS = Exercise(
    "07.nucleus",
    nucleus,
    nucleus_cases,
    (
        Mistake(
            "one-short",
            ro="Ai lăsat afară cuvântul cu care se atinge partea `p`. El rămâne: fără el n-ajungi la `p`.",
            en="You left out the token that reaches the share `p`. It stays: without it there is less than `p`.",
            wrong=(
                lambda weights, p: _first(weights, np.argsort(-weights), p, one_more=False),
                lambda weights, p: _below(weights, np.argsort(-weights), np.less, p, 0),
                lambda weights, p: _below(weights, np.argsort(-weights), np.less, p, 1),
                lambda weights, p: _below(weights, np.argsort(-weights), np.less_equal, p, 0),
                lambda weights, p: _below(weights, np.argsort(-weights), np.less_equal, p, 1),
            ),
        ),
        Mistake(
            "one-more",
            ro="Un cuvânt în plus: te oprești de îndată ce suma a ajuns la `p`.",
            en="One token too many: stop as soon as the sum has reached `p`.",
            wrong=lambda weights, p: _first(weights, np.argsort(-weights), p, one_more=2),
        ),
        Mistake(
            "equal",
            ro="Când suma e exact `p`, ajunge. Cuvântul următor nu mai intră.",
            en="A sum of exactly `p` is enough. The next token does not come in.",
            wrong=(
                lambda weights, p: nucleus(weights, p + 1e-9),
                lambda weights, p: _above(weights, np.argsort(-weights), p),
            ),
        ),
        Mistake(
            "not-rescaled",
            ro="Ce a rămas trebuie să facă din nou unu: împarte la suma lui.",
            en="What is left has to make one again: divide by its sum.",
            wrong=lambda weights, p: np.where(nucleus(weights, p) > 0, weights, 0),
        ),
        Mistake(
            "divided-by-p",
            ro="Ai împărțit la `p`. Cele păstrate au împreună de obicei mai mult: împarte la suma lor.",
            en="You divided by `p`. Those kept usually hold more together: divide by their sum.",
            wrong=lambda weights, p: np.where(nucleus(weights, p) > 0, weights, 0) / p,
        ),
        Mistake(
            "equal-weights-lost",
            ro="Două cuvinte au aceeași pondere, iar la tine se pierde unul. Ține cuvintele după locul lor, nu după "
            "pondere.",
            en="Two tokens have the same weight, and yours loses one of them. Keep tokens by their place, not by "
            "their weight.",
            when=lambda trials: fails_only(trials, lambda t: _keeps_equals(*t.args)),
        ),
        Mistake(
            "sorted",
            ro="Numerele sunt bune, dar le-ai întors în ordinea mărimii. Fiecare pondere stă la locul cuvântului ei.",
            en="The numbers are right, but in the order of their size. Each weight stays at the place of its token.",
            wrong=lambda weights, p: -np.sort(-nucleus(weights, p)),
        ),
        Mistake(
            "unsorted",
            ro="Ai adunat ponderile în ordinea în care au venit. Se adună de la cea mai mare în jos.",
            en="You added up the weights in the order they came. Add from the largest down.",
            wrong=(
                lambda weights, p: _first(weights, np.arange(len(weights)), p),
                lambda weights, p: _first(weights, np.arange(len(weights)), p, one_more=False),
            ),
        ),
        Mistake(
            "smallest-first",
            ro="Ai început de la cele mai mici. Nucleul ține ce e mai probabil.",
            en="You began with the smallest. The nucleus keeps what is most probable.",
            wrong=(
                lambda weights, p: _first(weights, np.argsort(weights), p),
                lambda weights, p: _first(weights, np.argsort(weights), p, one_more=False),
            ),
        ),
        Mistake(
            "threshold",
            ro="`p` nu e un prag pentru fiecare pondere, ci partea pe care o țin împreună cele păstrate.",
            en="`p` is not a threshold for each weight, but the share that those kept hold together.",
            wrong=(
                lambda weights, p: _keep(weights, weights >= p),
                lambda weights, p: _keep(weights, weights >= p) if (weights >= p).any() else weights * np.nan,
                lambda weights, p: _keep(weights, weights >= p * weights.max()),
                lambda weights, p: _keep(weights, weights >= 1 - p),
            ),
        ),
        Mistake(
            "share-of-tokens",
            ro="`p` e o parte din pondere, nu din numărul cuvintelor.",
            en="`p` is a share of the weight, not of the number of tokens.",
            wrong=(
                lambda weights, p: _keep(weights, np.argsort(-weights)[: int(np.ceil(p * len(weights)))]),
                lambda weights, p: _keep(weights, np.argsort(-weights)[: max(1, round(p * len(weights)))]),
            ),
        ),
        Mistake(
            "mask",
            ro="Ai întors care cuvinte rămân, nu ponderile lor.",
            en="You returned which tokens stay, not their weights.",
            wrong=lambda weights, p: nucleus(weights, p) > 0,
        ),
        Mistake(
            "equal-weights",
            ro="Cele păstrate își țin raporturile: împarte la suma lor, nu le face egale.",
            en="Those kept keep their ratios: divide by their sum, do not make them equal.",
            wrong=lambda weights, p: (nucleus(weights, p) > 0) / (nucleus(weights, p) > 0).sum(),
        ),
        Mistake(
            "softmax",
            ro="Primești ponderi, nu scoruri: nu mai trec printr-un softmax.",
            en="You are given weights, not scores: they do not go through softmax again.",
            wrong=(
                lambda weights, p: _softmax(np.where(nucleus(weights, p) > 0, weights, -np.inf)),
                lambda weights, p: nucleus(_softmax(weights), p),
            ),
        ),
    ),
)


def _softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


EXERCISES = (RMS_NORM, PARAMETERS, NUCLEUS)
