"""Chapter 6: translation with attention."""

import numpy as np

from .engine import Exercise
from .mistakes import Mistake

# 1. Additive attention


def additive_weights(q, keys, W, U, v):
    return _softmax(additive_scores(q, keys, W, U, v))


def additive_scores(q, keys, W, U, v):
    return np.tanh(W @ q + keys @ U.T) @ v


def _softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def additive_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [
        (np.array([1.0, -1.0]), np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.eye(2), np.eye(2), np.full(2, 3.0))
    ]
    # d, e and n differ except in two cases, where a mix-up of W and U still has a shape
    for S, d, e, n in ((2, 3, 3, 3), (4, 3, 3, 3), (3, 2, 4, 3), (5, 4, 2, 3), (4, 3, 5, 2)):
        q, keys = rng.normal(size=d).round(2), rng.normal(size=(S, e)).round(2)
        W, U = rng.normal(size=(n, d)).round(2), rng.normal(size=(n, e)).round(2)
        v = (rng.choice([-1.0, 1.0], size=n) * rng.uniform(1, 2, size=n)).round(2)
        cases.append((q, keys, W, U, v))
    return cases


ADDITIVE = Exercise(
    "06.additive-weights",
    additive_weights,
    additive_cases,
    (
        Mistake(
            "scores",
            ro="Acestea sunt scorurile. Mai e un pas: softmax, ca să devină ponderi.",
            en="These are the scores. One step is left: softmax, to make them weights.",
            wrong=additive_scores,
        ),
        Mistake(
            "no-tanh",
            ro="Lipsește tangenta. Fără ea interogarea adaugă același număr la toate scorurile și nu mai alege nimic.",
            en="The tangent is missing. Without it the query adds the same number to all scores and chooses nothing.",
            wrong=lambda q, keys, W, U, v: _softmax((W @ q + keys @ U.T) @ v),
        ),
        Mistake(
            "tanh-last",
            ro="Tangenta stă înainte de `v`, pe cele `n` numere, nu pe scorul gata făcut.",
            en="The tangent stands before `v`, on the `n` numbers, not on the finished score.",
            wrong=lambda q, keys, W, U, v: _softmax(np.tanh((W @ q + keys @ U.T) @ v)),
        ),
        Mistake(
            "no-v",
            ro="Lipsește `v`: cele `n` numere s-au adunat toate cu aceeași greutate.",
            en="`v` is missing: the `n` numbers were added up, all counting alike.",
            wrong=(
                lambda q, keys, W, U, v: _softmax(np.tanh(W @ q + keys @ U.T).sum(-1)),
                lambda q, keys, W, U, v: _softmax(np.tanh(W @ q + keys @ U.T).mean(-1)),
            ),
        ),
        Mistake(
            "no-query",
            ro="Interogarea nu schimbă nimic: lipsește, sau are tangenta ei. Se ia una, din suma `W @ q + U @ k`.",
            en="The query changes nothing: it is missing, or has its own tangent. Take one, of `W @ q + U @ k`.",
            wrong=(
                lambda q, keys, W, U, v: _softmax(np.tanh(keys @ U.T) @ v),
                lambda q, keys, W, U, v: _softmax((np.tanh(W @ q) + np.tanh(keys @ U.T)) @ v),
            ),
        ),
        Mistake(
            "product",
            ro="Ai înmulțit partea interogării cu a cheii. Aici se adună, apoi trec prin tangentă.",
            en="You multiplied the query's part by the key's. Here they are added, then go through the tangent.",
            wrong=(
                lambda q, keys, W, U, v: _softmax(keys @ U.T @ (W @ q)),
                lambda q, keys, W, U, v: _softmax(np.tanh((W @ q) * (keys @ U.T)) @ v),
            ),
        ),
        Mistake(
            "minus",
            ro="Semnul e plus: `W @ q + U @ k`.",
            en="The sign is a plus: `W @ q + U @ k`.",
            wrong=(
                lambda q, keys, W, U, v: _softmax(np.tanh(W @ q - keys @ U.T) @ v),
                lambda q, keys, W, U, v: _softmax(np.tanh(keys @ U.T - W @ q) @ v),
            ),
        ),
        Mistake(
            "sigmoid",
            ro="Curba e tangenta hiperbolică, nu sigmoida.",
            en="The curve is the hyperbolic tangent, not the sigmoid.",
            wrong=lambda q, keys, W, U, v: _softmax(1 / (1 + np.exp(-(W @ q + keys @ U.T))) @ v),
        ),
        Mistake(
            "relu",
            ro="Curba e tangenta hiperbolică, nu ReLU.",
            en="The curve is the hyperbolic tangent, not ReLU.",
            wrong=lambda q, keys, W, U, v: _softmax(np.maximum(W @ q + keys @ U.T, 0) @ v),
        ),
        Mistake(
            "scaled",
            ro="Aici nu se împarte la rădăcină: aceea e a produsului scalar.",
            en="Nothing is divided by a root here: that belongs to the dot product.",
            wrong=(
                lambda q, keys, W, U, v: _softmax(additive_scores(q, keys, W, U, v) / np.sqrt(len(v))),
                lambda q, keys, W, U, v: _softmax(additive_scores(q, keys, W, U, v) / np.sqrt(len(q))),
                lambda q, keys, W, U, v: _softmax(additive_scores(q, keys, W, U, v) / np.sqrt(keys.shape[1])),
            ),
        ),
        Mistake(
            "divided",
            ro="Ai împărțit scorurile la suma lor. Un scor negativ ar da o pondere negativă: trebuie exponențiala.",
            en="You divided the scores by their sum. A negative score would give a negative weight: exponentials.",
            wrong=(
                lambda q, keys, W, U, v: (
                    additive_scores(q, keys, W, U, v) / additive_scores(q, keys, W, U, v).sum()
                ),
            ),
        ),
        Mistake(
            "context",
            ro="Ai întors contextul, media cheilor. Aici se cer ponderile.",
            en="You returned the context, the mean of the keys. The weights are asked for here.",
            wrong=lambda q, keys, W, U, v: additive_weights(q, keys, W, U, v) @ keys,
        ),
    ),
)

# 2. The share on true cells


def gold_share(weights, gold):
    on_gold = (weights * gold).sum(axis=-1)
    return on_gold[gold.any(axis=-1)].mean()


def share_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [
        (np.array([[0.5, 0.25, 0.25], [0.125, 0.125, 0.75]]), np.array([[True, True, False], [False, False, False]])),
    ]
    for T, S in ((3, 4), (4, 3), (5, 5), (6, 4), (4, 7)):
        weights = rng.dirichlet(np.full(S, 0.6), size=T).round(3)
        weights = weights / weights.sum(-1, keepdims=True)
        gold = np.zeros((T, S), dtype=bool)
        rows = rng.permutation(T)[: T - 1]  # one row has none
        gold[rows, rng.integers(S, size=T - 1)] = True
        for doubled in rows[:2]:  # and two have two
            gold[doubled, (np.flatnonzero(gold[doubled])[0] + 1) % S] = True
        cases.append((weights, gold))
    return cases


def _rows(gold):
    return gold.any(axis=-1)


SHARE = Exercise(
    "06.gold-share",
    gold_share,
    share_cases,
    (
        Mistake(
            "all-rows",
            ro="Rândurile fără nicio căsuță adevărată nu se numără: acolo nu se putea nimeri nimic.",
            en="Rows without any true cell do not count: there was nothing to hit there.",
            wrong=lambda weights, gold: (weights * gold).sum(-1).mean(),
        ),
        Mistake(
            "sum",
            ro="Ai adunat peste rânduri. Se cere media lor.",
            en="You added up over the rows. Their mean is asked for.",
            wrong=lambda weights, gold: (weights * gold).sum(),
        ),
        Mistake(
            "mean-of-cells",
            ro="Ai făcut media pe căsuțe. Un rând cu două căsuțe adevărate își adună ponderile de pe ele.",
            en="You averaged over cells. A row with two true cells adds up the weights on them.",
            wrong=lambda weights, gold: weights[gold].mean(),
        ),
        Mistake(
            "mean-in-row",
            ro="Pe fiecare rând ponderile de pe căsuțele adevărate se adună, nu se împart la numărul lor.",
            en="In each row the weights on the true cells are added, not divided by how many there are.",
            wrong=lambda weights, gold: ((weights * gold).sum(-1)[_rows(gold)] / gold.sum(-1)[_rows(gold)]).mean(),
        ),
        Mistake(
            "largest",
            ro="Ai luat doar căsuța cea mai grea dintre cele adevărate. Se adună toate.",
            en="You took only the heaviest of the true cells. All of them are added.",
            wrong=lambda weights, gold: (weights * gold).max(-1)[_rows(gold)].mean(),
        ),
        Mistake(
            "hits",
            ro="Ai numărat de câte ori vârful rândului cade pe o căsuță adevărată. Se cere ponderea, nu numărătoarea.",
            en="You counted how often the row's peak falls on a true cell. The weight is asked for, not the count.",
            wrong=(
                lambda weights, gold: gold[np.arange(len(gold)), weights.argmax(-1)][_rows(gold)].mean(),
                lambda weights, gold: gold[np.arange(len(gold)), weights.argmax(-1)].mean(),
            ),
        ),
        Mistake(
            "columns",
            ro="Ai adunat pe coloane. Fiecare *rând* e un cuvânt scris, cu ponderile lui.",
            en="You added up columns. Each *row* is a written word, with its weights.",
            wrong=(
                lambda weights, gold: (weights * gold).sum(0)[gold.any(0)].mean(),
                lambda weights, gold: (weights * gold).sum(0).mean(),
            ),
        ),
        Mistake(
            "outside",
            ro="Aceasta e ponderea din *afara* căsuțelor adevărate.",
            en="This is the weight *outside* the true cells.",
            wrong=lambda weights, gold: 1 - gold_share(weights, gold),
        ),
        Mistake(
            "per-row",
            ro="Ai rămas cu câte un număr pe rând. Mai e media.",
            en="You are left with one number a row. The mean is missing.",
            wrong=(
                lambda weights, gold: (weights * gold).sum(-1),
                lambda weights, gold: (weights * gold).sum(-1)[_rows(gold)],
            ),
        ),
        Mistake(
            "every-cell",
            ro="Ai împărțit la numărul tuturor căsuțelor. Se împarte la numărul rândurilor care au ce nimeri.",
            en="You divided by the number of all cells. Divide by the number of rows that have something to hit.",
            wrong=lambda weights, gold: (weights * gold).mean(),
        ),
    ),
)

# 3. One step with a beam


def beam_step(totals, logs):
    w, V = logs.shape
    return _best(totals[:, None] + logs, w)


def _best(sums, w):
    """The best w cells of a table, best first: (w, 2)."""
    best = np.argsort(-sums.ravel())[:w]
    return np.stack([best // sums.shape[1], best % sums.shape[1]], axis=1)


def beam_cases(rng: np.random.Generator) -> list[tuple]:
    cases = []
    while len(cases) < 8:
        w, V = ((2, 3), (3, 4), (3, 5), (4, 6))[len(cases) % 4]
        totals = -rng.uniform(0.3, 2.5, size=w).round(2)
        logs = np.log(rng.dirichlet(np.ones(V), size=w)).round(2)
        for table in (totals[:, None] + logs, totals[:, None] * logs, logs):
            if np.diff(np.sort(table.ravel())).min() < 0.004:  # ties could be broken either way
                break
        else:
            cases.append((totals, logs))
    return cases


def _each(totals, logs):
    words = logs.argmax(-1)
    order = np.argsort(-(totals + logs.max(-1)))
    return np.stack([order, words[order]], axis=1)


BEAM_MISTAKES = (
    Mistake(
        "one-each",
        ro="Ai lungit fiecare început cu cel mai bun cuvânt al lui. Unul poate da două continuări, altul niciuna.",
        en="You lengthened each beginning by its own best word. A good one may give two continuations, another none.",
        wrong=(
            _each,
            lambda totals, logs: np.stack([np.arange(len(logs)), logs.argmax(-1)], axis=1),
        ),
    ),
    Mistake(
        "no-totals",
        ro="Ai uitat cât au adunat începuturile până aici: `totals` se adună la `logs`.",
        en="You forgot what the beginnings have gathered so far: `totals` is added to `logs`.",
        wrong=lambda totals, logs: _best(logs, len(totals)),
    ),
    Mistake(
        "one-beginning",
        ro="Ai lungit un singur început, cel mai bun. Toate concurează.",
        en="You lengthened one beginning only, the best. All of them compete.",
        wrong=lambda totals, logs: np.stack(
            [np.full(len(totals), totals.argmax()), np.argsort(-logs[totals.argmax()])[: len(totals)]], axis=1
        ),
    ),
    Mistake(
        "worst",
        ro="Acestea sunt cele mai slabe: `argsort` urcă. Logaritmul mai mare e mai bun.",
        en="These are the worst: `argsort` goes up. The larger logarithm is the better.",
        wrong=lambda totals, logs: _best(-(totals[:, None] + logs), len(totals)),
    ),
    Mistake(
        "upside-down",
        ro="Sunt cele bune, dar în ordine inversă: cea mai bună stă prima.",
        en="These are the good ones, but the other way up: the best comes first.",
        wrong=lambda totals, logs: beam_step(totals, logs)[::-1],
    ),
    Mistake(
        "swapped",
        ro="Coloanele sunt schimbate între ele: întâi începutul, apoi cuvântul.",
        en="The columns are swapped: first the beginning, then the word.",
        wrong=lambda totals, logs: beam_step(totals, logs)[:, ::-1],
    ),
    Mistake(
        "flat",
        ro="Ai întors locul în tabloul întins. Împarte-l la V: câtul e începutul, restul e cuvântul.",
        en="That is the place in the flattened table. Divide by V: the quotient is the beginning, the rest the word.",
        wrong=lambda totals, logs: np.argsort(-(totals[:, None] + logs).ravel())[: len(totals)],
    ),
    Mistake(
        "divided-by-w",
        ro="Ai împărțit locul la numărul începuturilor. Un rând are V căsuțe: se împarte la V.",
        en="You divided the place by the number of beginnings. A row has V cells: divide by V.",
        wrong=lambda totals, logs: np.stack(
            np.divmod(np.argsort(-(totals[:, None] + logs).ravel())[: len(totals)], len(totals)), axis=1
        ),
    ),
    Mistake(
        "product",
        ro="Ai înmulțit logaritmii. Ponderile se înmulțesc; logaritmii lor se adună.",
        en="You multiplied the logarithms. Weights multiply; their logarithms add.",
        wrong=(
            lambda totals, logs: _best(totals[:, None] * logs, len(totals)),
            lambda totals, logs: _best(-totals[:, None] * logs, len(totals)),
        ),
    ),
    Mistake(
        "all",
        ro="Ai întors toate continuările. Rămân doar primele `w`.",
        en="You returned all the continuations. Only the first `w` stay.",
        wrong=lambda totals, logs: _best(totals[:, None] + logs, logs.size),
    ),
)

BEAM = Exercise("06.beam-step", beam_step, beam_cases, BEAM_MISTAKES)

EXERCISES = (ADDITIVE, SHARE, BEAM)
