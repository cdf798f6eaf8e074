"""Chapter 7: a Transformer from scratch."""

import numpy as np

from .engine import Exercise
from .mistakes import Mistake
from .signs import fails_only

# 1. The normalisation


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
            en="You divided by the vector's length, the root of the *sum* of squares. Here it is that of their "
            "*mean*.",
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
            ro="Ai numărat și matricea de la ieșire. E legată de reprezentări: aceeași matrice, numărată o "
            "singură dată.",
            en="You counted the output matrix too. It is tied to the embedding: the same matrix, counted once.",
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
            ro="Ai numărat un singur bloc. Fiecare bloc are ponderile lui.",
            en="You counted one block only. Every block has weights of its own.",
            wrong=_more(lambda V, D, L, H: (1 - L) * (4 * D**2 + 3 * D * H + 2 * D)),
        ),
        Mistake(
            "all-times-layers",
            ro="Vectorii cuvintelor și normalizarea de la sfârșit nu se repetă în fiecare bloc.",
            en="The vectors of the words and the normalisation at the end are not repeated in every block.",
            wrong=(
                _more(lambda V, D, L, H: (L - 1) * (V + 1) * D),
                _more(lambda V, D, L, H: (L - 1) * V * D),
                _more(lambda V, D, L, H: (L - 1) * D),
            ),
        ),
        Mistake(
            "two-matrices",
            ro="SwiGLU are trei matrice: W_g, W_u și W_d. Ai numărat mai puține.",
            en="SwiGLU has three matrices: W_g, W_u and W_d. You counted fewer.",
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
            ro="Lipsesc ponderile normalizărilor: două în fiecare bloc și una la sfârșit, câte `dim` numere fiecare.",
            en="The weights of the normalisations are missing: two in every block and one at the end, `dim` numbers "
            "each.",
            wrong=_more(lambda V, D, L, H: -(2 * L + 1) * D),
        ),
        Mistake(
            "no-last-norm",
            ro="Mai e o normalizare, după ultimul bloc.",
            en="There is one more normalisation, after the last block.",
            wrong=_more(lambda V, D, L, H: -D),
        ),
        Mistake(
            "one-norm",
            ro="Fiecare bloc are două normalizări: una înaintea atenției, alta înaintea MLP-ului.",
            en="Every block has two normalisations: one before attention, one before the MLP.",
            wrong=(
                _more(lambda V, D, L, H: -L * D),
                _more(lambda V, D, L, H: -(L + 1) * D),
            ),
        ),
        Mistake(
            "biases",
            ro="Aici nu există deplasări (*bias*): matricele modelului nostru nu au.",
            en="There are no biases here: the matrices of our model have none.",
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
            ro="RMSNorm are un singur șir de `dim` ponderi. Al doilea, de deplasări, e al lui LayerNorm.",
            en="RMSNorm has one list of `dim` weights. The second, of biases, belongs to LayerNorm.",
            wrong=_more(lambda V, D, L, H: (2 * L + 1) * D),
        ),
    ),
)

# 4. The nucleus


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


# 3. A training step

LESSON = np.array([1, 2, 0, 1, 3])  # no two neighbours alike, a word that returns


def training_step(W, tokens, rate):
    return W - rate * _gradient(W, tokens[:-1], tokens[1:])


def step_cases(rng: np.random.Generator) -> list[tuple]:
    def table(V: int) -> np.ndarray:
        return rng.normal(size=(V, V)).round(1)

    cases = [
        (np.zeros((2, 2)), np.array([0, 1]), 1.0),
        (table(2), np.array([1, 0]), 0.5),
        (table(3), np.array([2, 2]), 1.0),
    ]
    # The same pair twice, a word that two different ones follow, a word said over and over; huge logits.
    cases += [
        (table(3), np.array([0, 1, 0, 1]), 0.5),
        (table(4), LESSON, 2.0),
        (table(3), np.array([1, 1, 1, 1, 0]), 0.3),
        (1000.0 * (np.arange(9) % 4).reshape(3, 3), np.array([0, 2, 1]), 0.5),
        (table(4), np.array([3, 1, 2]), 0.0),
    ]
    for V, T in ((3, 4), (4, 6), (5, 9), (6, 12), (2, 7)):
        cases.append((table(V), rng.integers(V, size=T), round(float(rng.uniform(0.2, 3)), 1)))
    return cases


def _errors(W, inputs, targets, probabilities=None):
    """p - one-hot, a row for each pair."""
    p = _rows(W[inputs]) if probabilities is None else probabilities(W[inputs])
    return p - np.eye(len(W))[targets]


def _gradient(W, inputs, targets, errors=None, n=None):
    gradient = np.zeros_like(W)
    errors = _errors(W, inputs, targets) if errors is None else errors
    np.add.at(gradient, inputs, errors / (len(inputs) if n is None else n))
    return gradient


def _rows(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _stepped(change):
    """The step of somebody whose gradient is change(W, inputs, targets)."""
    return lambda W, tokens, rate: W - rate * change(W, tokens[:-1], tokens[1:])


def _assigned(W, tokens, rate):
    """A row that is used twice keeps one of its errors: its last."""
    inputs, targets = tokens[:-1], tokens[1:]
    gradient = np.zeros_like(W)
    gradient[inputs] = _errors(W, inputs, targets) / len(inputs)
    return W - rate * gradient


def _one_by_one(W, tokens, rate, n=None):
    """Each pair moves the table before the next is looked at."""
    W = W.copy()
    for i, j in zip(tokens[:-1], tokens[1:], strict=True):
        W[i] -= rate * (_rows(W[i]) - np.eye(len(W))[j]) / (n or len(tokens) - 1)
    return W


def _per_row(W, tokens, rate):
    """The mean over the pairs of each row, not over all pairs."""
    inputs, targets = tokens[:-1], tokens[1:]
    often = np.bincount(inputs, minlength=len(W))[:, None]
    return W - rate * _gradient(W, inputs, targets, n=1) / np.maximum(often, 1)


TRAINING_STEP = Exercise(
    "07.training-step",
    training_step,
    step_cases,
    (
        Mistake(
            "not-shifted",
            ro="Ținta e același cuvânt ca intrarea. Ținta lui `tokens[t]` e `tokens[t + 1]`: `tokens[:-1]` și "
            "`tokens[1:]`.",
            en="The target is the same word as the input. The target of `tokens[t]` is `tokens[t + 1]`: "
            "`tokens[:-1]` and "
            "`tokens[1:]`.",
            wrong=(
                lambda W, tokens, rate: W - rate * _gradient(W, tokens, tokens),
                lambda W, tokens, rate: W - rate * _gradient(W, tokens[:-1], tokens[:-1]),
                lambda W, tokens, rate: W - rate * _gradient(W, tokens[1:], tokens[1:]),
                lambda W, tokens, rate: W - rate * _gradient(W, tokens, tokens, n=len(tokens) - 1),
            ),
        ),
        Mistake(
            "backwards",
            ro="Modelul tău prezice cuvântul de dinainte. Intrarea e `tokens[:-1]`, iar ținta `tokens[1:]`.",
            en="Your model predicts the word before. The input is `tokens[:-1]` and the target `tokens[1:]`.",
            wrong=lambda W, tokens, rate: W - rate * _gradient(W, tokens[1:], tokens[:-1]),
        ),
        Mistake(
            "wrapped",
            ro="Ultimul cuvânt îl prezice pe primul: textul nu se închide în cerc. Sunt T − 1 perechi, nu T.",
            en="The last word predicts the first: a text does not close in a circle. There are T − 1 pairs, not T.",
            wrong=(
                lambda W, tokens, rate: W - rate * _gradient(W, tokens, np.roll(tokens, -1)),
                lambda W, tokens, rate: W - rate * _gradient(W, tokens, np.roll(tokens, 1)),
                lambda W, tokens, rate: W - rate * _gradient(W, tokens, np.roll(tokens, -1), n=len(tokens) - 1),
            ),
        ),
        Mistake(
            "repeats-lost",
            ro="Când un cuvânt apare de mai multe ori, `gradient[inputs] += ...` păstrează doar una dintre "
            "contribuții. "
            "Adună-le pe toate: `np.add.at`, sau o buclă.",
            en="When a word occurs several times, `gradient[inputs] += ...` keeps only one of its contributions. "
            "Add all of "
            "them: `np.add.at`, or a loop.",
            wrong=_assigned,
        ),
        Mistake(
            "ascent",
            ro="Te-ai mișcat în sensul gradientului, deci pierderea crește. Se scade: `W - rate * gradient`.",
            en="You moved along the gradient, so the loss goes up. It is subtracted: `W - rate * gradient`.",
            wrong=_stepped(lambda W, a, b: -_gradient(W, a, b)),
        ),
        Mistake(
            "sum",
            ro="Pierderea e *media* pe cele T − 1 perechi. Ai adunat gradientele, fără să împarți la T − 1.",
            en="The loss is the *mean* over the T − 1 pairs. You added up the gradients without dividing by T − 1.",
            wrong=(
                _stepped(lambda W, a, b: _gradient(W, a, b, n=1)),
                lambda W, tokens, rate: _one_by_one(W, tokens, rate, 1),
            ),
        ),
        Mistake(
            "divided-by-length",
            ro="Ai împărțit la altceva decât la numărul perechilor, T − 1.",
            en="You divided by something other than the number of pairs, T − 1.",
            wrong=(
                _stepped(lambda W, a, b: _gradient(W, a, b, n=len(a) + 1)),
                _stepped(lambda W, a, b: _gradient(W, a, b, n=len(W))),
                _stepped(lambda W, a, b: _gradient(W, a, b, n=len(a) * len(W))),
                _stepped(lambda W, a, b: _gradient(W, a, b, n=W.size)),
            ),
        ),
        Mistake(
            "mean-of-a-row",
            ro="Ai făcut media separat pentru fiecare rând. Media merge pe toate perechile: un cuvânt frecvent "
            "contează mai mult.",
            en="You took the mean for each row separately. It goes over all pairs: a frequent word counts for more.",
            wrong=_per_row,
        ),
        Mistake(
            "one-by-one",
            ro="Ai schimbat tabelul după fiecare pereche. Un pas calculează tot gradientul cu tabelul *vechi*, "
            "apoi îl schimbă.",
            en="You changed the table after every pair. One step computes the whole gradient with the *old* "
            "table, then "
            "changes it.",
            wrong=lambda W, tokens, rate: _one_by_one(W, tokens, rate),
        ),
        Mistake(
            "no-softmax",
            ro="Ai scăzut ținta din logiți. Ei trec întâi prin softmax: p − one-hot.",
            en="You subtracted the target from the logits. They go through softmax first: p − one-hot.",
            wrong=_stepped(lambda W, a, b: _gradient(W, a, b, _errors(W, a, b, lambda z: z))),
        ),
        Mistake(
            "softmax-axis",
            ro="Softmax merge pe fiecare rând separat, de-a lungul vocabularului: `axis=-1`.",
            en="Softmax goes over each row on its own, along the vocabulary: `axis=-1`.",
            wrong=(
                _stepped(lambda W, a, b: _gradient(W, a, b, _errors(W, a, b, lambda z: _rows(z, 0)))),
                _stepped(
                    lambda W, a, b: _gradient(W, a, b, _errors(W, a, b, lambda z: _rows(z.ravel()).reshape(z.shape)))
                ),
                _stepped(lambda W, a, b: _gradient(W, a, b, _rows(W, 0)[a] - np.eye(len(W))[b])),
            ),
        ),
        Mistake(
            "no-target",
            ro="Din gradient lipsește ținta: scade 1 la cuvântul care urmează cu adevărat.",
            en="The target is missing from the gradient: subtract 1 at the word that does come next.",
            wrong=_stepped(lambda W, a, b: _gradient(W, a, b, _rows(W[a]))),
        ),
        Mistake(
            "target-alone",
            ro="Ai ridicat numai logitul cuvântului adevărat. Lipsește p: celelalte trebuie să coboare.",
            en="You only raised the logit of the true word. The p is missing: the others have to go down.",
            wrong=_stepped(lambda W, a, b: _gradient(W, a, b, -np.eye(len(W))[b])),
        ),
        Mistake(
            "columns",
            ro="Logiții de după cuvântul `i` sunt *rândul* `i` din `W`. Ai scris într-o coloană.",
            en="The logits after word `i` are *row* `i` of `W`. You wrote into a column.",
            wrong=(
                _stepped(lambda W, a, b: _gradient(W, a, b).T),
                _stepped(lambda W, a, b: _gradient(W.T, a, b).T),
            ),
        ),
        Mistake(
            "gradient",
            ro="Ai întors gradientul. Pasul întreg: `W - rate * gradient`.",
            en="You returned the gradient. The whole step: `W - rate * gradient`.",
            wrong=(
                lambda W, tokens, rate: _gradient(W, tokens[:-1], tokens[1:]),
                lambda W, tokens, rate: rate * _gradient(W, tokens[:-1], tokens[1:]),
                lambda W, tokens, rate: -rate * _gradient(W, tokens[:-1], tokens[1:]),
            ),
        ),
        Mistake(
            "no-rate",
            ro="Gradientul se înmulțește cu rata de învățare, `rate`.",
            en="The gradient is multiplied by the learning rate, `rate`.",
            wrong=lambda W, tokens, rate: W - _gradient(W, tokens[:-1], tokens[1:]),
        ),
        Mistake(
            "one-pair",
            ro="Ai folosit o singură pereche. Un text de T cuvinte dă T − 1 predicții, și toate contează.",
            en="You used one pair only. A text of T words gives T − 1 predictions, and all of them count.",
            wrong=(
                _stepped(lambda W, a, b: _gradient(W, a[:1], b[:1])),
                _stepped(lambda W, a, b: _gradient(W, a[-1:], b[-1:])),
                _stepped(lambda W, a, b: _gradient(W, a[-1:], b[-1:], n=len(a))),
            ),
        ),
        Mistake(
            "overflow",
            ro="Logiții mari dau exponențiale uriașe. Folosește `softmax` din pachet, sau scade maximul fiecărui rând.",
            en="Large logits make huge exponentials. Use the package's `softmax`, or subtract the maximum of each row.",
            wrong=_stepped(lambda W, a, b: _gradient(W, a, b, _errors(W, a, b, _bare))),
        ),
    ),
)


def _bare(z):
    with np.errstate(all="ignore"):
        e = np.exp(z)
        return e / e.sum(axis=-1, keepdims=True)


# 5. The loop that writes


def generate_with(W, start, tau, draws):
    return _written(W, start, draws, lambda W, text: _rows(W[text[-1]] / tau))


def generate_cases(rng: np.random.Generator) -> list[tuple]:
    equal = np.zeros((2, 2))
    cases = [(equal, np.array([0]), 1.0, np.array([0.7])), (equal, np.array([1]), 1.0, np.array([0.2]))]
    # Probabilities that are plain to see; nothing to write; logits whose exponentials do not fit.
    plain = np.log([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]])
    huge = np.array([[800.0, 900.0, 0.0], [900.0, 0.0, 850.0], [0.0, 0.0, 0.0]])
    cases += [(plain, np.array([0]), 1.0, np.array([0.1, 0.65, 0.95])), (plain, np.array([2, 0, 1]), 0.5, np.array([])),
              (huge, np.array([1]), 1.0, np.array([0.3, 0.9]))]  # fmt: skip
    while len(cases) < 16:
        V, T, n = int(rng.integers(3, 7)), int(rng.integers(1, 5)), int(rng.integers(2, 8))
        W, start = rng.normal(scale=1.5, size=(V, V)).round(1), rng.integers(V, size=T)
        tau, draws = float(rng.choice([0.5, 0.7, 1.5, 2.0])), rng.uniform(0.02, 0.98, size=n).round(3)
        text, clear = [int(w) for w in start], True
        for u in draws:
            total = np.cumsum(_rows(W[text[-1]] / tau))
            clear &= np.abs(total - u).min() > 3e-3
            text.append(int((total <= u).sum()))
        if clear:
            cases.append((W, start, tau, draws))
    return cases


def _pick(p, u):
    return min(int((np.cumsum(p) <= u).sum()), len(p) - 1)


def _written(W, start, draws, probabilities, pick=_pick):
    text = [int(word) for word in start]
    for u in draws:
        text.append(int(pick(probabilities(W, text), u)))
    return np.array(text)


def _writes(probabilities, pick=_pick, draws=lambda u: u, what=lambda text, start: text):
    """probabilities(W, text, tau) of the next word; what is returned of the text."""

    def write(W, start, tau, us):
        return what(_written(W, start, draws(us), lambda W, text: probabilities(W, text, tau), pick), start)

    return write


def _right(W, text, tau):
    return _rows(W[text[-1]] / tau)


GENERATE = Exercise(
    "07.generate",
    generate_with,
    generate_cases,
    (
        Mistake(
            "greedy",
            ro="Ai luat mereu cuvântul cel mai probabil. Alege după `u`: primul la care suma probabilităților "
            "trece de `u`.",
            en="You always took the most probable word. Choose by `u`: the first at which the sum of the "
            "probabilities "
            "exceeds `u`.",
            wrong=_writes(_right, lambda p, u: np.argmax(p)),
        ),
        Mistake(
            "stuck",
            ro="Fiecare cuvânt nou trebuie să pornească de la ultimul cuvânt *scris*, nu de la sfârșitul lui `start`.",
            en="Each new word has to start from the last word *written*, not from the end of `start`.",
            wrong=lambda W, start, tau, draws: _written(
                W, start, draws, lambda W, text: _rows(W[text[len(start) - 1]] / tau)
            ),
        ),
        Mistake(
            "first-word",
            ro="Ai luat rândul primului cuvânt. Contează ultimul: `text[-1]`.",
            en="You took the row of the first word. The last one matters: `text[-1]`.",
            wrong=_writes(lambda W, text, tau: _rows(W[text[0]] / tau)),
        ),
        Mistake(
            "temperature-multiplied",
            ro="Logiții se *împart* la temperatură.",
            en="The logits are *divided* by the temperature.",
            wrong=_writes(lambda W, text, tau: _rows(W[text[-1]] * tau)),
        ),
        Mistake(
            "no-temperature",
            ro="Lipsește temperatura: împarte logiții la `tau` înainte de softmax.",
            en="The temperature is missing: divide the logits by `tau` before softmax.",
            wrong=_writes(lambda W, text, tau: _rows(W[text[-1]])),
        ),
        Mistake(
            "temperature-after",
            ro="Temperatura împarte *logiții*, înainte de softmax, nu probabilitățile.",
            en="The temperature divides the *logits*, before softmax, not the probabilities.",
            wrong=(
                _writes(lambda W, text, tau: _rows(W[text[-1]]) / tau),
                _writes(lambda W, text, tau: _rows(_rows(W[text[-1]]) / tau)),
            ),
        ),
        Mistake(
            "no-softmax",
            ro="Ai adunat logiții. Întâi fă din ei probabilități, cu softmax.",
            en="You added up the logits. Make probabilities of them first, with softmax.",
            wrong=(
                _writes(lambda W, text, tau: W[text[-1]] / tau),
                _writes(lambda W, text, tau: np.exp(W[text[-1]] / tau)),
            ),
        ),
        Mistake(
            "column",
            ro="Logiții de după cuvântul `i` sunt rândul `i`, `W[i]`, nu coloana.",
            en="The logits after word `i` are row `i`, `W[i]`, not the column.",
            wrong=_writes(lambda W, text, tau: _rows(W[:, text[-1]] / tau)),
        ),
        Mistake(
            "same-draw",
            ro="Ai folosit același număr la fiecare cuvânt. Fiecare cuvânt îl are pe al lui din `draws`.",
            en="You used the same number for every word. Each word has its own from `draws`.",
            wrong=(
                _writes(_right, draws=lambda u: u[:1].repeat(len(u))),
                _writes(_right, draws=lambda u: u[-1:].repeat(len(u))),
            ),
        ),
        Mistake(
            "draws-reversed",
            ro="Ai luat numerele din `draws` de la coadă la cap.",
            en="You took the numbers of `draws` from the end backwards.",
            wrong=_writes(_right, draws=lambda u: u[::-1]),
        ),
        Mistake(
            "one-word",
            ro="Ai scris un singur cuvânt. Bucla merge prin toate numerele din `draws`.",
            en="You wrote one word only. The loop goes through all the numbers of `draws`.",
            wrong=(_writes(_right, draws=lambda u: u[:1]), _writes(_right, draws=lambda u: u[:-1])),
        ),
        Mistake(
            "from-the-end",
            ro="Ai adunat probabilitățile de la sfârșitul vocabularului. Începe cu cuvântul 0.",
            en="You added up the probabilities from the end of the vocabulary. Begin with word 0.",
            wrong=(
                _writes(_right, lambda p, u: len(p) - 1 - _pick(p[::-1], u)),
                _writes(_right, lambda p, u: _pick(p, 1 - u)),
            ),
        ),
        Mistake(
            "sorted",
            ro="Ai pus probabilitățile în ordinea mărimii. Se adună în ordinea vocabularului.",
            en="You put the probabilities in the order of their size. They are added up in the order of the "
            "vocabulary.",
            wrong=(
                _writes(_right, lambda p, u: np.argsort(-p, kind="stable")[_pick(p[np.argsort(-p, kind="stable")], u)]),
                _writes(_right, lambda p, u: np.argsort(p, kind="stable")[_pick(p[np.argsort(p, kind="stable")], u)]),
                _writes(_right, lambda p, u: _pick(-np.sort(-p), u)),
            ),
        ),
        Mistake(
            "not-summed",
            ro="Ai comparat `u` cu fiecare probabilitate. Se compară cu *suma* lor de la început până la cuvântul "
            "acela.",
            en="You compared `u` with each probability. It is compared with their *sum* from the beginning up to "
            "that word.",
            wrong=(
                _writes(_right, lambda p, u: np.argmax(p > u)),
                _writes(_right, lambda p, u: np.argmin(np.abs(p - u))),
                _writes(_right, lambda p, u: np.argmax(p >= 1 - u)),
            ),
        ),
        Mistake(
            "one-early",
            ro="Ai ales cuvântul de dinainte. E primul la care suma, cu el cu tot, *trece* de `u`.",
            en="You chose the word before. It is the first at which the sum, that word included, *exceeds* `u`.",
            wrong=(
                _writes(_right, lambda p, u: max(_pick(p, u) - 1, 0)),
                _writes(_right, lambda p, u: (_pick(p, u) - 1) % len(p)),
            ),
        ),
        Mistake(
            "one-late",
            ro="Ai ales cuvântul de după. E primul la care suma, cu el cu tot, trece de `u`.",
            en="You chose the word after. It is the first at which the sum, that word included, exceeds `u`.",
            wrong=(
                _writes(_right, lambda p, u: min(_pick(p, u) + 1, len(p) - 1)),
                _writes(_right, lambda p, u: (_pick(p, u) + 1) % len(p)),
            ),
        ),
        Mistake(
            "new-alone",
            ro="Ai întors numai cuvintele scrise. Textul începe cu `start`.",
            en="You returned only the words written. The text begins with `start`.",
            wrong=_writes(_right, what=lambda text, start: text[len(start) :]),
        ),
        Mistake(
            "last-of-start",
            ro="Din `start` ai păstrat numai o parte. Textul îl are întreg la început.",
            en="You kept only a part of `start`. The text has all of it at its beginning.",
            wrong=_writes(_right, what=lambda text, start: text[len(start) - 1 :]),
        ),
        Mistake(
            "in-front",
            ro="Ai pus cuvintele noi înaintea textului. Locul lor e la capătul lui.",
            en="You put the new words before the text. They belong at its end.",
            wrong=_writes(_right, what=lambda text, start: np.r_[text[len(start) :], text[: len(start)]]),
        ),
        Mistake(
            "all-words",
            ro="Ai amestecat rândurile tuturor cuvintelor. Modelul acesta vede numai ultimul cuvânt.",
            en="You mixed the rows of all the words. This model sees the last word only.",
            wrong=(
                _writes(lambda W, text, tau: _rows(W[text].mean(0) / tau)),
                _writes(lambda W, text, tau: _rows(W[text].sum(0) / tau)),
                _writes(lambda W, text, tau: _rows(W[text] / tau).mean(0)),
            ),
        ),
        Mistake(
            "overflow",
            ro="Logiții mari dau exponențiale uriașe. Folosește `softmax` din pachet, sau scade maximul.",
            en="Large logits make huge exponentials. Use the package's `softmax`, or subtract the maximum.",
            wrong=_writes(lambda W, text, tau: _bare(W[text[-1]] / tau)),
        ),
    ),
)

# 6. The cache


def attend_with_cache(q, k, v, keys, values):
    t = len(keys)
    return _attended(_turn(q, t), _turn(k, t), v, keys, values)


def cache_cases(rng: np.random.Generator) -> list[tuple]:
    def case(t: int, d: int, e: int) -> tuple:
        q, k, v = rng.normal(size=d).round(2), rng.normal(size=d).round(2), rng.normal(size=e).round(1)
        keys = np.array([_turn(rng.normal(size=d), s) for s in range(t)]).reshape(t, d).round(2)
        return 2 * q, k, v, keys, rng.normal(size=(t, e)).round(1)

    sizes = (
        (0, 2, 2),
        (1, 2, 2),
        (2, 2, 2),
        (3, 2, 2),
        (0, 4, 2),
        (2, 4, 4),
        (3, 4, 2),
        (5, 4, 4),
        (7, 6, 2),
        (12, 2, 4),
        (9, 4, 6),
    )
    return [case(*size) for size in sizes]


def _turn(x, place):
    angles = place * 10000.0 ** -(np.arange(0, len(x), 2) / len(x))
    cos, sin, turned = np.cos(angles), np.sin(angles), np.empty(len(x))
    turned[0::2], turned[1::2] = x[0::2] * cos - x[1::2] * sin, x[0::2] * sin + x[1::2] * cos
    return turned


def _attended(q, k, v, keys, values, root=None, weights=None):
    keys, values = np.vstack([keys, k]), np.vstack([values, v])
    scores = keys @ q / (np.sqrt(len(q)) if root is None else root(len(q), len(keys)))
    return (weights or _rows)(scores) @ values


def _placed(place_q, place_k=None):
    """The place of the new word, as a function of how many words the cache holds."""
    place_k = place_k or place_q
    return lambda q, k, v, keys, values: _attended(
        _turn(q, place_q(len(keys))), _turn(k, place_k(len(keys))), v, keys, values
    )


def _cached(change):
    """What change(q, k, v, keys, values) says, with the new query and key turned by their own place."""
    return lambda q, k, v, keys, values: change(_turn(q, len(keys)), _turn(k, len(keys)), v, keys, values)


def _turned_rows(x, places):
    return np.array([_turn(row, place) for row, place in zip(x, places, strict=True)]).reshape(x.shape)


CACHE = Exercise(
    "07.cache",
    attend_with_cache,
    cache_cases,
    (
        Mistake(
            "place-zero",
            ro="Ai rotit cuvântul nou ca pe primul, cu locul 0, adică deloc. Locul lui e numărul cuvintelor din "
            "memorie: "
            "`len(keys)`.",
            en="You turned the new word like the first one, by place 0, which is not at all. Its place is the "
            "number of words "
            "in the cache: `len(keys)`.",
            wrong=_placed(lambda t: 0),
        ),
        Mistake(
            "place-one",
            ro="Cuvântul nou are mereu același loc la tine. Locul lui e `len(keys)`.",
            en="The new word always has the same place in yours. Its place is `len(keys)`.",
            wrong=_placed(lambda t: 1),
        ),
        Mistake(
            "off-by-one",
            ro="Locul e greșit cu unu. Locurile se numără de la 0, deci cuvântul nou, după cele t din memorie, "
            "are locul t.",
            en="The place is off by one. Places are counted from 0, so the new word, after the t of the cache, "
            "has place t.",
            wrong=(_placed(lambda t: t + 1), _placed(lambda t: t - 1), _placed(lambda t: max(t - 1, 0))),
        ),
        Mistake(
            "query-alone",
            ro="Ai rotit numai interogarea. Cheia nouă stă în același loc și se rotește și ea.",
            en="You turned the query only. The new key stands at the same place and is turned too.",
            wrong=_placed(lambda t: t, lambda t: 0),
        ),
        Mistake(
            "key-alone",
            ro="Ai rotit numai cheia. Interogarea nouă stă în același loc și se rotește și ea.",
            en="You turned the key only. The new query stands at the same place and is turned too.",
            wrong=_placed(lambda t: 0, lambda t: t),
        ),
        Mistake(
            "keys-again",
            ro="Cheile din memorie sunt deja rotite, fiecare după locul ei. Nu le mai roti o dată.",
            en="The keys in the cache are turned already, each by its own place. Do not turn them again.",
            wrong=(
                lambda q, k, v, keys, values: _attended(
                    _turn(q, len(keys)), _turn(k, len(keys)), v, _turned_rows(keys, range(len(keys))), values
                ),
            ),
        ),
        Mistake(
            "value-turned",
            ro="Valoarea nu se rotește: locul contează numai la scoruri.",
            en="The value is not turned: the place matters for the scores alone.",
            wrong=(
                _cached(lambda q, k, v, keys, values: _attended(q, k, _turn(v, len(keys)), keys, values)),
                _cached(
                    lambda q, k, v, keys, values: _attended(
                        q, k, _turn(v, len(keys)), keys, _turned_rows(values, range(len(keys)))
                    )
                ),
            ),
        ),
        Mistake(
            "without-itself",
            ro="Cuvântul nou nu se vede pe sine. Cheia și valoarea lui se adaugă la cele din memorie.",
            en="The new word does not see itself. Its key and value are added to those of the cache.",
            wrong=_cached(
                lambda q, k, v, keys, values: _rows(keys @ q / np.sqrt(len(q))) @ values if len(keys) else v * 0
            ),
        ),
        Mistake(
            "itself-alone",
            ro="Cuvântul nou se uită numai la sine. Interogarea lui se compară cu toate cheile din memorie.",
            en="The new word looks at itself alone. Its query is compared with all the keys of the cache.",
            wrong=lambda q, k, v, keys, values: v,
        ),
        Mistake(
            "no-root",
            ro="Scorurile se împart la rădăcina lui d, numărul elementelor interogării.",
            en="The scores are divided by the square root of d, how many numbers a query has.",
            wrong=(
                _cached(lambda *args: _attended(*args, root=lambda d, n: 1)),
                _cached(lambda *args: _attended(*args, root=lambda d, n: d)),
                _cached(lambda *args: _attended(*args, root=lambda d, n: n**0.5)),
                _cached(lambda *args: _attended(*args, root=lambda d, n: d**-0.5)),
            ),
        ),
        Mistake(
            "wrong-order",
            ro="Cheile și valorile nu mai stau în aceeași ordine: cele noi vin la capăt, în amândouă.",
            en="Keys and values are no longer in the same order: the new ones come at the end of both.",
            wrong=(
                _cached(
                    lambda q, k, v, keys, values: (
                        _rows(np.vstack([keys, k]) @ q / len(q) ** 0.5) @ np.vstack([v, values])
                    )
                ),
                _cached(
                    lambda q, k, v, keys, values: (
                        _rows(np.vstack([k, keys]) @ q / len(q) ** 0.5) @ np.vstack([values, v])
                    )
                ),
            ),
        ),
        Mistake(
            "no-softmax",
            ro="Ponderile ies din scoruri prin softmax.",
            en="The weights come from the scores through softmax.",
            wrong=_cached(lambda *args: _attended(*args, weights=lambda s: s)),
        ),
        Mistake(
            "equal",
            ro="Ai făcut media simplă a valorilor. Ponderile vin din potrivirea dintre interogare și chei.",
            en="You took the plain mean of the values. The weights come from how well the query matches the keys.",
            wrong=lambda q, k, v, keys, values: np.vstack([values, v]).mean(0),
        ),
        Mistake(
            "masked",
            ro="Aici nu trebuie mască: în memorie sunt numai cuvinte de dinainte. Fiecare cheie se vede.",
            en="No mask is needed here: the cache holds earlier words only. Every key is seen.",
            wrong=lambda q, k, v, keys, values: np.vstack([values, v])[0],
        ),
        Mistake(
            "weights",
            ro="Ai întors ponderile. Ieșirea e media valorilor, cu ponderile acestea.",
            en="You returned the weights. The output is the mean of the values with these weights.",
            wrong=_cached(lambda q, k, v, keys, values: _rows(np.vstack([keys, k]) @ q / np.sqrt(len(q)))),
        ),
        Mistake(
            "turned-back",
            ro="Ai rotit în sens invers, după locul −t.",
            en="You turned the other way, by place −t.",
            wrong=_placed(lambda t: -t),
        ),
        Mistake(
            "empty",
            ro="Numai cazul cu memoria goală e greșit: acolo cuvântul nou se vede doar pe sine, deci iese chiar `v`.",
            en="Only the case of an empty cache is wrong: there the new word sees itself alone, and `v` itself "
            "comes out.",
            when=lambda trials: fails_only(trials, lambda t: len(t.args[3]) == 0),
        ),
    ),
)

EXERCISES = (RMS_NORM, PARAMETERS, TRAINING_STEP, NUCLEUS, GENERATE, CACHE)
