"""Chapter 6: translation with attention."""

import numpy as np

from .engine import Exercise
from .mistakes import Mistake

# 1. Additive attention: the scores


def additive_scores(q, K, W, U, v):
    return np.tanh(q @ W.T + K @ U.T) @ v


def score_cases(rng: np.random.Generator) -> list[tuple]:
    one = np.ones((1, 1))
    cases = [
        (np.array([0.5]), np.array([[1.0]]), one, one, np.array([2.0])),
        (np.array([1.0, 0.0]), np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]),
         np.array([[0.0, -4.0], [-4.0, 0.0]]), 2 * np.eye(2), np.array([3.0, 3.0])),
        (np.array([1000.3]), np.array([[-1000.0], [-999.0]]), one, one, np.array([2.0])),  # they nearly cancel
    ]  # fmt: skip
    sizes = ((2, 2, 2, 2), (3, 2, 2, 2), (3, 3, 3, 3), (4, 2, 3, 5), (5, 4, 2, 3), (2, 3, 4, 2), (1, 3, 2, 4),
             (14, 2, 1, 3))  # fmt: skip
    while len(cases) < 3 + len(sizes):
        S, d, n, m = sizes[len(cases) - 3]
        K, W, U = (rng.normal(scale=0.9, size=size).round(2) for size in ((S, n), (m, d), (m, n)))
        q, v = (rng.choice([-1, 1], size=size) * rng.uniform(0.5, 1.5, size=size).round(2) for size in (d, m))
        if all(_lopsided(A) for A in (W, U) if d == n == m):
            cases.append((q, K, W, U, v))
    return cases


def _lopsided(A):
    """Nothing like its transpose."""
    return np.abs(A - A.T)[np.triu_indices(len(A), 1)].min() > 0.3


def _softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


SCORES = Exercise(
    "06.additive-scores",
    additive_scores,
    score_cases,
    (
        Mistake(
            "weights",
            ro="Acestea sunt ponderile. Se cer scorurile dinainte de softmax.",
            en="These are the weights. The scores before softmax are asked for.",
            wrong=lambda q, K, W, U, v: _softmax(additive_scores(q, K, W, U, v)),
        ),
        Mistake(
            "context",
            ro="Ai mers până la capăt, la media cheilor. Se cer numai scorurile, câte unul de cheie.",
            en="You went all the way, to the mean of the keys. Only the scores are asked for, one for each key.",
            wrong=lambda q, K, W, U, v: _softmax(additive_scores(q, K, W, U, v)) @ K,
        ),
        Mistake(
            "no-tanh",
            ro="Lipsește tangenta hiperbolică. Fără ea, interogarea adună același număr la toate scorurile și nu mai "
            "alege nimic.",
            en="The hyperbolic tangent is missing. Without it the query adds the same number to every score and chooses"
            " nothing.",
            wrong=lambda q, K, W, U, v: (q @ W.T + K @ U.T) @ v,
        ),
        Mistake(
            "tanh-apart",
            ro="Tangenta hiperbolică se aplică sumei. Luate separat, interogarea și cheia nu se mai întâlnesc.",
            en="The hyperbolic tangent is taken of the sum. Taken apart, query and key never meet.",
            wrong=(
                lambda q, K, W, U, v: (np.tanh(q @ W.T) + np.tanh(K @ U.T)) @ v,
                lambda q, K, W, U, v: (q @ W.T + np.tanh(K @ U.T)) @ v,
                lambda q, K, W, U, v: (np.tanh(q @ W.T) + K @ U.T) @ v,
            ),
        ),
        Mistake(
            "tanh-outside",
            ro="Întâi tangenta hiperbolică, apoi produsul cu v: v înmulțește numerele care ies din ea.",
            en="First the hyperbolic tangent, then the product with v: v multiplies the numbers that come out of it.",
            wrong=(
                lambda q, K, W, U, v: np.tanh((q @ W.T + K @ U.T) @ v),
                lambda q, K, W, U, v: np.tanh(additive_scores(q, K, W, U, v)),
            ),
        ),
        Mistake(
            "no-query",
            ro="Interogarea nu apare: scorurile ar fi aceleași la fiecare cuvânt scris.",
            en="The query does not appear: the scores would be the same for every word written.",
            wrong=lambda q, K, W, U, v: np.tanh(K @ U.T) @ v,
        ),
        Mistake(
            "no-keys",
            ro="Cheile nu apar: toate cuvintele ar primi același scor.",
            en="The keys do not appear: all the words would get the same score.",
            wrong=lambda q, K, W, U, v: np.full(len(K), np.tanh(W @ q) @ v),
        ),
        Mistake(
            "matrices",
            ro="Lipsește una dintre matrice: W înmulțește interogarea, U înmulțește fiecare cheie.",
            en="One of the matrices is missing: W multiplies the query, U every key.",
            wrong=(
                lambda q, K, W, U, v: np.tanh(q + K @ U.T) @ v,
                lambda q, K, W, U, v: np.tanh(q @ W.T + K) @ v,
                lambda q, K, W, U, v: np.tanh(q + K) @ v,
            ),
        ),
        Mistake(
            "swapped",
            ro="Matricele și-au schimbat locul: W e a interogării, U a cheilor.",
            en="The matrices have changed places: W belongs to the query, U to the keys.",
            wrong=lambda q, K, W, U, v: np.tanh(q @ U.T + K @ W.T) @ v,
        ),
        Mistake(
            "transposed",
            ro="R matrice e transpusă. Cheile sunt rânduri: U k pentru fiecare rând se scrie K @ U.T.",
            en="A matrix is transposed. The keys are rows: U k for every row is written K @ U.T.",
            wrong=(
                lambda q, K, W, U, v: np.tanh(q @ W.T + K @ U) @ v,
                lambda q, K, W, U, v: np.tanh(q @ W + K @ U.T) @ v,
                lambda q, K, W, U, v: np.tanh(q @ W + K @ U) @ v,
            ),
        ),
        Mistake(
            "other-function",
            ro="Ai folosit altă funcție decât tangenta hiperbolică.",
            en="You used another function than the hyperbolic tangent.",
            wrong=(
                lambda q, K, W, U, v: 1 / (1 + np.exp(-(q @ W.T + K @ U.T))) @ v,
                lambda q, K, W, U, v: np.maximum(q @ W.T + K @ U.T, 0) @ v,
                lambda q, K, W, U, v: np.tan(q @ W.T + K @ U.T) @ v,
            ),
        ),
        Mistake(
            "minus",
            ro="Între cele două e un plus: W q + U k, nu diferența lor.",
            en="Between the two stands a plus: W q + U k, not their difference.",
            wrong=(
                lambda q, K, W, U, v: np.tanh(q @ W.T - K @ U.T) @ v,
                lambda q, K, W, U, v: np.tanh(K @ U.T - q @ W.T) @ v,
            ),
        ),
        Mistake(
            "one-key",
            ro="Acesta e scorul unei singure chei, sau al sumei lor. Fiecare cheie are scorul ei, cu forma `(S,)`.",
            en="This is the score of a single key, or of their sum. Each key has a score of its own, of shape `(S,)`.",
            wrong=(
                lambda q, K, W, U, v: additive_scores(q, K, W, U, v)[0],
                lambda q, K, W, U, v: additive_scores(q, K, W, U, v)[-1],
                lambda q, K, W, U, v: additive_scores(q, K, W, U, v).sum(),
                lambda q, K, W, U, v: np.tanh(W @ q + U @ K.sum(0)) @ v,
                lambda q, K, W, U, v: np.tanh(W @ q + U @ K.mean(0)) @ v,
            ),
        ),
        Mistake(
            "product",
            ro="Interogarea și cheia se adună, de aici numele; la tine se înmulțesc.",
            en="Query and key are added, hence the name; yours are multiplied.",
            wrong=(
                lambda q, K, W, U, v: np.tanh((q @ W.T) * (K @ U.T)) @ v,
                lambda q, K, W, U, v: K @ U.T @ (W @ q),
            ),
        ),
        Mistake(
            "no-v",
            ro="Lipsește v: numerele care ies din tangenta hiperbolică se înmulțesc cu cele din v, apoi se adună.",
            en="The vector v is missing: what comes out of the hyperbolic tangent is multiplied by it, then added up.",
            wrong=(
                lambda q, K, W, U, v: np.tanh(q @ W.T + K @ U.T).sum(1),
                lambda q, K, W, U, v: np.tanh(q @ W.T + K @ U.T).mean(1),
            ),
        ),
        Mistake(
            "not-summed",
            ro="Ai rămas cu un vector pentru fiecare cuvânt. Produsul scalar cu v îl face un singur număr.",
            en="You are left with a vector for every word. The dot product with v makes it a single number.",
            wrong=(
                lambda q, K, W, U, v: np.tanh(q @ W.T + K @ U.T) * v,
                lambda q, K, W, U, v: np.tanh(q @ W.T + K @ U.T),
            ),
        ),
        Mistake(
            "scaled",
            ro="Aici nu se împarte la nicio rădăcină: tangenta hiperbolică dă numere între −1 și 1.",
            en="Nothing is divided by a root here: the hyperbolic tangent keeps the numbers between −1 and 1.",
            wrong=(
                lambda q, K, W, U, v: additive_scores(q, K, W, U, v) / np.sqrt(len(v)),
                lambda q, K, W, U, v: additive_scores(q, K, W, U, v) / np.sqrt(len(q)),
                lambda q, K, W, U, v: additive_scores(q, K, W, U, v) / np.sqrt(K.shape[1]),
            ),
        ),
    ),
)


# 2. The greedy loop of a recurrent decoder


def _loop(s, E, U, R, start, end, limit, *, new=None, word=None, say=None, best=None):
    """The loop, with one of its parts done another way. new(s, y): the state; say(old, new): what is scored."""
    new = new or (lambda s, y: np.tanh(y + U @ s))
    say, best = say or (lambda old, s: R @ s), best or np.argmax
    written, last = [], start
    while len(written) < limit:
        old, s = s, new(s, E[last])
        chosen = int(best(say(old, s)))
        if chosen == end:
            break
        written.append(chosen)
        last = chosen if word is None else word(chosen)
    return written


def greedy(s, E, U, R, start, end, limit):
    return _loop(s, E, U, R, start, end, limit)


def _forgets(s, E, U, R, start, end, limit):
    return _loop(s, E, U, R, start, end, limit, new=lambda _, y: np.tanh(y + U @ s))


def _not_fed_back(*a):
    return _loop(*a, word=lambda chosen: a[4])


def _old_scores(*a):
    return _loop(*a, say=lambda old, s: a[3] @ old)


def _linear(*a):
    return _loop(*a, new=lambda s, y: y + a[2] @ s)


def _turned(*a):
    return _loop(*a, new=lambda s, y: np.tanh(y + a[2].T @ s))


def _tanh_apart(*a):
    return _loop(*a, new=lambda s, y: y + np.tanh(a[2] @ s))


def _tanh_of_the_state(*a):
    return _loop(*a, new=lambda s, y: np.tanh(y) + a[2] @ s)


def _no_state(*a):
    return _loop(*a, new=lambda s, y: np.tanh(y))


def _no_word(*a):
    return _loop(*a, new=lambda s, y: np.tanh(a[2] @ s))


def _no_matrix(*a):
    return _loop(*a, new=lambda s, y: np.tanh(y + s))


def _lowest(*a):
    return _loop(*a, best=np.argmin)


def _largest(*a):
    return _loop(*a, best=lambda x: np.abs(x).argmax())


def _of_the_state(*a):
    return _loop(*a, say=lambda old, s: s)


def _past_the_end(*a):
    return _loop(*a[:5], -1, a[6])


SLIPS = (_forgets, _not_fed_back, _old_scores, _linear, _turned, _tanh_apart, _tanh_of_the_state, _no_state, _no_word,
         _no_matrix, _lowest, _largest, _of_the_state)  # fmt: skip


def _clear(args):
    """Is the best word ahead of the second at every step?"""
    gaps = []
    _loop(*args, best=lambda scores: gaps.append(np.diff(np.sort(scores)[-2:])[0]) or scores.argmax())
    return min(gaps) > 0.05


def greedy_cases(rng: np.random.Generator) -> list[tuple]:
    one = np.ones((1, 1))
    rows = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    cases = [
        (np.array([0.5]), np.array([[0.0], [0.0]]), one, np.array([[-1.0], [1.0]]), 0, 1, 3),  # the end comes at once
        (np.array([0.5]), np.array([[0.0], [0.0]]), one, np.array([[-1.0], [1.0]]), 1, 0, 3),  # it never comes
        (np.array([0.0, 0.0]), rows, turn, rows + 0.1, 0, 3, 5),
    ]
    wanted = ["ends"] * 6 + ["limit"] * 5
    while wanted:
        n, V, limit = int(rng.integers(2, 5)), int(rng.integers(5, 8)), int(rng.integers(4, 8))
        E, U, R = (rng.normal(scale=scale, size=size).round(2)
                   for scale, size in ((1.2, (V, n)), (1.2, (n, n)), (1, (V, n))))  # fmt: skip
        start, end = map(int, rng.choice(V, size=2, replace=False))
        args = (rng.normal(size=n).round(2), E, U, R, start, end, limit)
        written = greedy(*args)
        kind = "ends" if len(written) < limit else "limit"
        if kind != wanted[0] or len(written) < 3 or len(set(written)) < 3 or not _clear(args):
            continue
        longer = greedy(*args[:6], limit + 1)
        if (kind == "limit") == (len(longer) > limit) and all(slip(*args) != written for slip in SLIPS):
            cases.append(args)
            wanted.pop(0)
    return cases


GREEDY = Exercise(
    "06.greedy",
    greedy,
    greedy_cases,
    (
        Mistake(
            "old-state",
            ro="Starea nu merge mai departe: la fiecare cuvânt ai pornit din nou de la prima. Păstrează starea nouă.",
            en="The state does not move on: at every word you started again from the first one. Keep the new state.",
            wrong=_forgets,
        ),
        Mistake(
            "not-fed-back",
            ro="Decodificatorul primește de fiecare dată semnul de început. Dă-i cuvântul pe care tocmai l-a scris.",
            en="The decoder is given the start sign every time. Give it the word that it has just written.",
            wrong=_not_fed_back,
        ),
        Mistake(
            "old-scores",
            ro="Ai calculat scorurile din starea veche. Întâi starea nouă, apoi scorurile din ea.",
            en="You computed the scores from the old state. First the new state, then the scores from that one.",
            wrong=_old_scores,
        ),
        Mistake(
            "no-tanh",
            ro="Lipsește tangenta hiperbolică: starea nouă e tanh(E[w] + U s).",
            en="The hyperbolic tangent is missing: the new state is tanh(E[w] + U s).",
            wrong=(_linear, lambda *a: _loop(*a, new=lambda s, y: 1 / (1 + np.exp(-(y + a[2] @ s))))),
        ),
        Mistake(
            "tanh-apart",
            ro="Tangenta hiperbolică se aplică sumei E[w] + U s, nu unui singur termen al ei.",
            en="The hyperbolic tangent is taken of the sum E[w] + U s, not of one of its terms alone.",
            wrong=(_tanh_apart, _tanh_of_the_state,
                   lambda *a: _loop(*a, new=lambda s, y: np.tanh(y) + np.tanh(a[2] @ s))),
        ),
        Mistake(
            "transposed",
            ro="Ai înmulțit cu transpusa lui U. Starea e un vector coloană: U @ s.",
            en="You multiplied by the transpose of U. The state is a column vector: U @ s.",
            wrong=_turned,
        ),
        Mistake(
            "no-state",
            ro="Starea veche nu intră în cea nouă: decodificatorul nu mai știe nimic despre ce a citit.",
            en="The old state does not enter the new one: the decoder no longer knows anything of what was read.",
            wrong=_no_state,
        ),
        Mistake(
            "no-word",
            ro="Cuvântul scris nu intră în starea nouă: adună vectorul lui, E[w].",
            en="The word written does not enter the new state: add its vector, E[w].",
            wrong=_no_word,
        ),
        Mistake(
            "no-matrix",
            ro="Starea veche intră în sumă înmulțită cu U, nu așa cum e.",
            en="The old state enters the sum multiplied by U, not as it is.",
            wrong=(_no_matrix, lambda *a: _loop(*a, new=lambda s, y: np.tanh(a[2] @ (y + s))),
                   lambda *a: _loop(*a, new=lambda s, y: np.tanh(a[2] @ y + s))),
        ),
        Mistake(
            "worst",
            ro="Ai ales cuvântul cu scorul cel mai mic. Cel mai probabil e cel cu scorul cel mai mare.",
            en="You chose the word with the smallest score. The most probable one has the largest score.",
            wrong=_lowest,
        ),
        Mistake(
            "absolute",
            ro="Ai ales scorul cel mai mare în modul. Un scor negativ e mai mic decât unul pozitiv.",
            en="You chose the score of the largest absolute value. A negative score is smaller than a positive one.",
            wrong=_largest,
        ),
        Mistake(
            "no-output",
            ro="Ai ales după starea însăși. Scorurile cuvintelor sunt R @ s, câte unul de cuvânt.",
            en="You chose by the state itself. The scores of the words are R @ s, one for each word.",
            wrong=_of_the_state,
        ),
        Mistake(
            "no-stop",
            ro="Scrisul nu s-a oprit la semnul de sfârșit.",
            en="The writing did not stop at the end sign.",
            wrong=(_past_the_end, lambda *a: [w for w in _past_the_end(*a) if w != a[5]]),
        ),
        Mistake(
            "end-included",
            ro="Cuvintele sunt corecte, dar semnul de sfârșit nu se întoarce odată cu ele.",
            en="The words are correct, but the end sign is not to be returned with them.",
            wrong=lambda *a: (lambda w: w + [a[5]] if len(w) < a[6] else w)(greedy(*a)),
        ),
        Mistake(
            "start-included",
            ro="Cuvintele sunt corecte, dar semnul de început nu se întoarce odată cu ele.",
            en="The words are correct, but the start sign is not to be returned with them.",
            wrong=(
                lambda *a: [a[4], *greedy(*a)],
                lambda *a: (lambda w: [a[4], *w] + ([a[5]] if len(w) < a[6] else []))(greedy(*a)),
            ),
        ),
        Mistake(
            "limit",
            ro="Sunt cu un cuvânt prea multe sau prea puține acolo unde semnul de sfârșit nu vine: cel mult `limit`.",
            en="There is one word too many or too few where the end sign does not come: at most `limit` of them.",
            wrong=(
                lambda *a: greedy(*a[:6], a[6] + 1),
                lambda *a: greedy(*a[:6], a[6] - 1),
                lambda *a: [a[4], *greedy(*a[:6], a[6] - 1)],
            ),
        ),
        Mistake(
            "one-word",
            ro="Acesta e un singur cuvânt. Se cer toate cele scrise, pe rând.",
            en="This is a single word. All the words written are asked for, one after another.",
            wrong=(
                lambda *a: greedy(*a)[:1],
                lambda *a: greedy(*a)[-1:],
                lambda *a: greedy(*a)[-1],
                lambda *a: greedy(*a)[0],
            ),
        ),
        Mistake(
            "scores",
            ro="Ai întors scorurile. Se cer numerele cuvintelor, adică locurile scorurilor celor mai mari.",
            en="You returned the scores. The numbers of the words are asked for: the places of the largest scores.",
            wrong=lambda *a: _best_scores(*a),
        ),
    ),
)


def _best_scores(s, E, U, R, start, end, limit):
    best = []
    _loop(s, E, U, R, start, end, limit, best=lambda scores: best.append(scores.max()) or scores.argmax())
    return best[: len(greedy(s, E, U, R, start, end, limit))]


# 3. The share of the weight that lies on gold cells


def alignment_share(weights, gold):
    rows = gold.any(axis=1)
    return (weights * gold)[rows].sum() / weights[rows].sum()


def share_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [
        (np.array([[0.75, 0.25]]), np.array([[True, False]])),
        (np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]]), np.array([[True, True, False], [False, False, False]])),
        # No gold cell where the map is largest; none in the last row; two in the first.
        (np.array([[0.5, 0.4, 0.1], [0.6, 0.1, 0.3], [0.2, 0.2, 0.6]]),
         np.array([[False, True, True], [False, False, True], [False, False, False]])),
    ]  # fmt: skip
    # True cells that got no weight: their row counts too. One cell; every cell true; no row without any; a long text.
    cases += [(np.array([[1.0, 0.0], [0.25, 0.75]]), np.array([[False, True], [True, False]])),
              (np.array([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5], [1.0, 0.0, 0.0]]),
               np.array([[True, False, True], [True, True, False], [False, False, False]])),
              (np.ones((1, 1)), np.ones((1, 1), dtype=bool)), (np.full((2, 4), 0.25), np.ones((2, 4), dtype=bool))]
    for T, S in ((3, 2), (2, 4), (4, 4), (5, 3), (6, 5), (4, 6), (14, 3)):
        weights = rng.dirichlet(np.ones(S), size=T)
        gold = rng.random((T, S)) < 0.35
        gold[0, :2], gold[-1] = True, False
        cases.append((weights, gold))
    return cases


def _per_row(weights, gold, share):
    """The mean over the rows that have gold of share(weights, gold) of each."""
    rows = gold.any(axis=1)
    return np.mean([share(w, g) for w, g in zip(weights[rows], gold[rows], strict=True)])


SHARE = Exercise(
    "06.alignment-share",
    alignment_share,
    share_cases,
    (
        Mistake(
            "all-rows",
            ro="Ai împărțit la toate rândurile. Un rând fără nicio celulă adevărată nu intră în medie: lasă-l afară.",
            en="You divided by all the rows. A row without any true cell does not enter the mean: leave it out.",
            wrong=(
                lambda weights, gold: (weights * gold).sum() / len(weights),
                lambda weights, gold: (weights * gold).sum() / weights.sum(),
            ),
        ),
        Mistake(
            "rows-without-weight",
            ro="Ai lăsat afară rândurile cu suma 0. Un rând cu celule adevărate care n-au primit nicio pondere intră "
            "și el în medie, cu 0: întreabă-l pe `gold`.",
            en="You left out the rows whose sum is 0. A row with true cells that got no weight enters the mean too, "
            "with 0: ask `gold`.",
            wrong=(
                lambda weights, gold: (lambda sums: sums[sums > 0].mean() if (sums > 0).any() else 0.0)(
                    (weights * gold).sum(axis=1)),
                lambda weights, gold: (weights * gold).sum() / max(np.count_nonzero((weights * gold).sum(axis=1)), 1),
            ),
        ),
        Mistake(
            "mean-of-cells",
            ro="Ai luat media ponderilor de pe celulele adevărate. Pe un rând ele se adună: două celule adevărate "
            "își împart ponderea de 1.",
            en="You took the mean of the weights on true cells. In a row they add up: two true cells "
            "share a weight of 1.",
            wrong=(
                lambda weights, gold: weights[gold].mean(),
                lambda weights, gold: _per_row(weights, gold, lambda w, g: w[g].mean()),
            ),
        ),
        Mistake(
            "all-cells",
            ro="Ai împărțit la numărul tuturor celulelor. Fiecare rând are în total o pondere de unu.",
            en="You divided by the number of all cells. Every row has a weight of one in all.",
            wrong=(
                lambda weights, gold: (weights * gold).mean(),
                lambda weights, gold: (weights * gold)[gold.any(axis=1)].mean(),
            ),
        ),
        Mistake(
            "sum",
            ro="Aceasta e suma pe toate rândurile. Împarte la numărul rândurilor care au o celulă adevărată.",
            en="This is the sum over all rows. Divide by the number of rows that have a true cell.",
            wrong=lambda weights, gold: (weights * gold).sum(),
        ),
        Mistake(
            "hits",
            ro="Ai numărat de câte ori ponderea cea mai mare e pe o celulă adevărată. Se cere câtă pondere, "
            "nu de câte ori.",
            en="You counted how often the largest weight is on a true cell. Asked for is how much weight, not how "
            "often.",
            wrong=(
                lambda weights, gold: _per_row(weights, gold, lambda w, g: g[w.argmax()]),
                lambda weights, gold: np.mean([g[w.argmax()] for w, g in zip(weights, gold, strict=True)]),
            ),
        ),
        Mistake(
            "largest",
            ro="Într-un rând pot fi mai multe celule adevărate. Adună ponderile tuturor, nu lua una singură.",
            en="A row may have several true cells. Add up the weights of all of them, do not take a single one.",
            wrong=(
                lambda weights, gold: _per_row(weights, gold, lambda w, g: w[g].max()),
                lambda weights, gold: _per_row(weights, gold, lambda w, g: w[g.argmax()]),
                lambda weights, gold: np.mean((weights * gold).max(axis=1)),
            ),
        ),
        Mistake(
            "thresholded",
            ro="Ai numărat celulele adevărate, sau pe cele peste un prag. Aduni ponderi, nu celule.",
            en="You counted the true cells, or those above a threshold. Add up weights, not cells.",
            wrong=(
                lambda weights, gold: gold.mean(),
                lambda weights, gold: (gold & (weights > 0.5)).sum() / gold.sum(),
                lambda weights, gold: ((weights > 0.5) == gold).mean(),
            ),
        ),
        Mistake(
            "columns",
            ro="Ai lăsat afară coloane în loc de rânduri, sau ai împărțit la numărul lor. Rândurile fac unu: axa 1.",
            en="You left out columns instead of rows, or divided by their number. Rows sum to one: axis 1.",
            wrong=(
                lambda weights, gold: (weights * gold).sum() / gold.any(axis=0).sum(),
                lambda weights, gold: (weights * gold).sum() / weights.shape[1],
                lambda weights, gold: (weights * gold).sum() / weights[:, gold.any(axis=0)].sum(),
            ),
        ),
        Mistake(
            "the-rest",
            ro="Acesta e restul, ponderea de pe celelalte celule.",
            en="This is the rest, the weight on the other cells.",
            wrong=(
                lambda weights, gold: 1 - alignment_share(weights, gold),
                lambda weights, gold: (weights * ~gold).sum() / len(weights),
            ),
        ),
        Mistake(
            "each-row",
            ro="Acestea sunt părțile fiecărui rând. Se cere un singur număr, media lor pe rândurile care au o celulă "
            "adevărată.",
            en="These are the shares of each row. A single number is asked for, their mean over the rows with a true "
            "cell.",
            wrong=(
                lambda weights, gold: (weights * gold).sum(axis=1),
                lambda weights, gold: (weights * gold).sum(axis=1)[gold.any(axis=1)],
            ),
        ),
    ),
)


# 4. One step of beam search


def beam_step(totals, logs):
    sums = totals[:, None] + logs
    V = logs.shape[1]
    return np.array([(i // V, i % V, sums.flat[i]) for i in np.argsort(-sums, axis=None)[: len(totals)]])


def beam_cases(rng: np.random.Generator) -> list[tuple]:
    """No ties; and with three beginnings or more, one of them gives two of the best and another gives none."""
    cases = [
        (np.array([0.0]), np.log([[0.25, 0.75]]).round(2)),
        (np.array([-0.6, -0.8]), np.array([[-1.2, -1.6, -2.0], [-0.1, -3.0, -3.4]])),
        (np.array([-2.0, -0.3]), np.array([[-0.5, -1.0, -1.9], [-0.9, -2.3, -0.7]])),
        # Fewer words than beginnings; one beginning that gives all of the best; the best word at the last place.
        (np.array([-1.0, -0.2, -2.5]), np.array([[-0.6, -0.9], [-0.4, -1.1], [-0.1, -2.4]])),
        (np.array([-0.1, -9.0]), np.array([[-1.5, -0.8, -2.1, -0.9], [-0.2, -1.9, -2.7, -3.1]])),
        (np.array([-0.7]), np.array([[-2.0, -3.0, -1.7, -0.4]])),
    ]
    while len(cases) < 12:
        K, V = ((3, 4), (3, 5), (4, 5))[len(cases) % 3]
        totals = np.log(rng.uniform(0.05, 0.9, size=K)).round(2)
        logs = np.log(rng.dirichlet(np.full(V, 0.7), size=K) + 0.01).round(2)
        right = {tuple(row) for row in beam_step(totals, logs)[:, :2]}
        close = min(np.diff(np.sort(x, axis=None)).min() for x in (totals, logs, totals[:, None] + logs))
        others = (logs, totals[:, None] * logs, np.exp(totals)[:, None] + np.exp(logs))
        tempting = any(right == {tuple(row[:2]) for row in _rows(other, K)} for other in others)
        if 1 < len({row[0] for row in right}) < K and close > 0.004 and not tempting:
            cases.append((totals, logs))
    return cases


def _rows(ranked, K, told=None):
    """The K largest cells of a table as (beginning, word, number told), largest first."""
    V, told = ranked.shape[1], ranked if told is None else told
    return np.array([(i // V, i % V, told.flat[i]) for i in np.argsort(-ranked, axis=None)[:K]])


def _each(totals, logs):
    """The best word of every beginning, in the order of the beginnings."""
    sums = totals[:, None] + logs
    return np.array([(b, row.argmax(), row.max()) for b, row in enumerate(sums)])


def _from(totals, logs, b):
    """The best words of one beginning."""
    words = np.argsort(-logs[b])[: len(totals)]
    return np.array([(b, word, totals[b] + logs[b, word]) for word in words])


def _columns(totals, logs, columns):
    return beam_step(totals, logs)[:, columns]


def _told(totals, logs, number):
    """The right rows, with number(total, beginning, word) in the place of the total."""
    rows = beam_step(totals, logs)
    for row in rows:
        row[2] = number(row[2], int(row[0]), int(row[1]))
    return rows


BEAM = Exercise(
    "06.beam-step",
    beam_step,
    beam_cases,
    (
        Mistake(
            "per-beginning",
            ro="Ai luat câte un cuvânt din fiecare început. Toate continuările concurează între ele: dintr-un început "
            "pot rămâne două, din altul niciuna.",
            en="You took one word from every beginning. All continuations compete with one another: one beginning may "
            "give two, another none.",
            wrong=(
                _each,
                lambda totals, logs: (rows := _each(totals, logs))[np.argsort(-rows[:, 2])],
            ),
        ),
        Mistake(
            "no-totals",
            ro="Ai comparat numai cuvintele noi. Contează toată traducerea: ce s-a strâns până aici plus cuvântul nou.",
            en="You compared the new words alone. The whole translation counts: what was gathered so far plus the new "
            "word.",
            wrong=(
                lambda totals, logs: _rows(logs, len(totals)),
                lambda totals, logs: _rows(logs, len(totals), totals[:, None] + logs),
            ),
        ),
        Mistake(
            "multiplied",
            ro="Probabilitățile se înmulțesc, deci logaritmii lor se adună.",
            en="Probabilities are multiplied, so their logarithms are added.",
            wrong=(
                lambda totals, logs: _rows(totals[:, None] * logs, len(totals)),
                lambda totals, logs: _rows(-totals[:, None] * logs, len(totals)),
                lambda totals, logs: _told(totals, logs, lambda total, b, w: totals[b] * logs[b, w]),
            ),
        ),
        Mistake(
            "added-probabilities",
            ro="Ai adunat probabilități. Cele ale unui șir se înmulțesc; se adună numai logaritmii.",
            en="You added probabilities. Those of a sequence are multiplied; only the logarithms are added.",
            wrong=(
                lambda totals, logs: _rows(np.exp(totals)[:, None] + np.exp(logs), len(totals)),
                lambda totals, logs: _rows(np.log(np.exp(totals)[:, None] + np.exp(logs)), len(totals)),
            ),
        ),
        Mistake(
            "exponential",
            ro="Rândurile sunt corecte, dar ai întors probabilitatea. Se cere logaritmul ei.",
            en="The rows are right, but you returned the probability. Its logarithm is asked for, as the others came.",
            wrong=lambda totals, logs: _told(totals, logs, lambda total, b, w: np.exp(total)),
        ),
        Mistake(
            "worst",
            ro="Acestea sunt cele mai slabe. Logaritmul mai mare, adică mai aproape de zero, e al continuării mai "
            "probabile.",
            en="These are the worst. A larger logarithm, that is, one closer to zero, belongs to the more probable "
            "continuation.",
            wrong=(
                lambda totals, logs: _rows(-(totals[:, None] + logs), len(totals), totals[:, None] + logs),
                lambda totals, logs: _rows(-(totals[:, None] + logs), len(totals), totals[:, None] + logs)[::-1],
            ),
        ),
        Mistake(
            "order",
            ro="Rândurile sunt cele corecte, dar nu în ordinea cerută: de la cel mai bun la cel mai slab.",
            en="The rows are the right ones, but not in the order asked for: from the best to the worst.",
            wrong=(
                lambda totals, logs: beam_step(totals, logs)[::-1],
                lambda totals, logs: np.array(sorted(beam_step(totals, logs).tolist())),
            ),
        ),
        Mistake(
            "flat",
            ro="Locul din tabelul întins se desface cu numărul cuvintelor, V: `i // V` e începutul, `i % V` cuvântul.",
            en="A place in the flattened table is split by the number of words, V: `i // V` is the beginning, `i % V` "
            "the word.",
            wrong=(
                lambda totals, logs: np.array([
                    (i // len(totals), i % len(totals), (totals[:, None] + logs).flat[i])
                    for i in np.argsort(-(totals[:, None] + logs), axis=None)[: len(totals)]
                ]),
                lambda totals, logs: np.array([
                    (i, (totals[:, None] + logs).flat[i])
                    for i in np.argsort(-(totals[:, None] + logs), axis=None)[: len(totals)]
                ]),
            ),
        ),
        Mistake(
            "columns-swapped",
            ro="Pe rând vine întâi începutul, apoi cuvântul nou.",
            en="In a row the beginning comes first, then the new word.",
            wrong=lambda totals, logs: _columns(totals, logs, [1, 0, 2]),
        ),
        Mistake(
            "total-first",
            ro="Pe rând vin întâi începutul și cuvântul, la sfârșit suma.",
            en="In a row the beginning and the word come first, the sum last.",
            wrong=(
                lambda totals, logs: _columns(totals, logs, [2, 0, 1]),
                lambda totals, logs: _columns(totals, logs, [2, 1, 0]),
            ),
        ),
        Mistake(
            "no-sum",
            ro="Lipsește a treia coloană, suma cu care mergi mai departe.",
            en="The third column is missing, the sum that you go on with.",
            wrong=(
                lambda totals, logs: _columns(totals, logs, [0, 1]),
                lambda totals, logs: _columns(totals, logs, [1, 0]),
            ),
        ),
        Mistake(
            "one-beginning",
            ro="Ai continuat un singur început. Se continuă toate, apoi se alege.",
            en="You continued a single beginning. Continue all of them, then choose.",
            wrong=(
                lambda totals, logs: _from(totals, logs, 0),
                lambda totals, logs: _from(totals, logs, int(totals.argmax())),
            ),
        ),
        Mistake(
            "old-sum",
            ro="A treia coloană e suma nouă: cea veche a începutului, plus logaritmul cuvântului ales.",
            en="The third column is the new sum: the old one of the beginning, plus the logarithm of the chosen word.",
            wrong=(
                lambda totals, logs: _told(totals, logs, lambda total, b, w: totals[b]),
                lambda totals, logs: _told(totals, logs, lambda total, b, w: logs[b, w]),
            ),
        ),
        Mistake(
            "how-many",
            ro="Rămân atâtea câte au fost: numărul începuturilor, nu unul singur și nu toate continuările.",
            en="As many stay as there were: the number of beginnings, not a single one and not all the continuations.",
            wrong=(
                lambda totals, logs: beam_step(totals, logs)[:1],
                lambda totals, logs: beam_step(totals, logs)[0],
                lambda totals, logs: _rows(totals[:, None] + logs, logs.size),
            ),
        ),
    ),
)

EXERCISES = (SCORES, GREEDY, SHARE, BEAM)
