"""Chapter 4: self-attention."""

import numpy as np

from ..attention.softmax import softmax
from .engine import Exercise
from .mistakes import Mistake

# 1. Causal self-attention


def causal_self_attention(x, w_q, w_k, w_v):
    return _look(x @ w_q, x @ w_k, x @ w_v)


def causal_cases(rng: np.random.Generator) -> list[tuple]:
    one = np.ones((1, 1))
    cases = [(np.array([[2.0]]), one, one, 3 * one), (np.array([[1.0], [-2.0]]), one, 2 * one, one)]
    # The only word that the first one sees scores a million below zero: no number hides the future for certain.
    low = (np.array([[1000.0], [1.0], [-2.0]]), one, -one, one), (np.array([[30.0, 0.0], [2.0, 1.0]]), np.eye(2),
                                                                   -np.eye(2), np.eye(2))  # fmt: skip
    cases += [*low, (np.array([[100.0], [-60.0], [90.0]]), one, one, one)]
    for T, D, d in ((2, 2, 2), (3, 2, 4), (3, 4, 3), (4, 3, 5), (5, 6, 4), (7, 4, 2), (14, 2, 3)):
        cases.append((rng.normal(size=(T, D)).round(1), *rng.normal(size=(3, D, d)).round(1)))
    return cases


def _scores(q, k):
    return q @ k.T / np.sqrt(q.shape[-1])


def _allowed(n, diagonal=0):
    return np.tril(np.ones((n, n), dtype=bool), diagonal)


def _hidden(q, k):
    """The scores, the future hidden."""
    return np.where(_allowed(len(q)), _scores(q, k), -np.inf)


def _look(q, k, v, scores=_scores, allowed=_allowed):
    return softmax(np.where(allowed(len(q)), scores(q, k), -np.inf)) @ v


def _with(change):
    """The answer of somebody who gets q, k and v right and then does `change`."""
    return lambda x, w_q, w_k, w_v: change(x @ w_q, x @ w_k, x @ w_v)


def naive(x, axis=-1):
    return np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)


def _rows_to_one(weights):
    return weights / weights.sum(axis=-1, keepdims=True)


def _hidden_by(number, scores=_scores):
    return _with(lambda q, k, v: softmax(np.where(_allowed(len(q)), scores(q, k), number)) @ v)


def _strict(q, k, v):
    weights = np.where(_allowed(len(q), -1), _scores(q, k), -np.inf)
    with np.errstate(all="ignore"):
        e = np.exp(weights - weights.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True) @ v


CAUSAL = Exercise(
    "04.causal",
    causal_self_attention,
    causal_cases,
    (
        Mistake(
            "overflow",
            ro="La scoruri mari exponențiala depășește, iar la scoruri mult sub zero se stinge toată: 0/0. Scade întâi "
            "maximul fiecărui rând, ca în capitolul 2.",
            en="At large scores the exponential overflows, and at scores far below zero it dies out: 0/0. Subtract "
            "each row's maximum first, as in chapter 2.",
            wrong=(
                _with(lambda q, k, v: naive(_hidden(q, k)) @ v),
                _with(lambda q, k, v: (lambda e: e / e.sum(1, keepdims=True))(np.tril(np.exp(_scores(q, k)))) @ v),
            ),
        ),
        Mistake(
            "global-max",
            ro="Ai scăzut maximul întregului tabel. Un rând aflat mult sub el se stinge tot: 0/0. Fiecare rând are "
            "maximul lui.",
            en="You subtracted the maximum of the whole table. A row far below it dies out: 0/0. Each row has its own "
            "maximum.",
            wrong=(
                _with(lambda q, k, v: naive(_hidden(q, k) - _scores(q, k).max()) @ v),
                _with(lambda q, k, v: naive(_hidden(q, k) - _hidden(q, k).max()) @ v),
            ),
        ),
        Mistake(
            "weak-mask",
            ro="Numărul pus în locul viitorului nu e destul de mic: când scorurile sunt și mai mici, viitorul se "
            "vede. Pune −∞, "
            "`-np.inf`.",
            en="The number put in the place of the future is not low enough: where scores are lower still, the future "
            "shows. Put −∞, "
            "`-np.inf`.",
            wrong=(
                *map(_hidden_by, (-1, -2, -5, -10, -20, -30, -50, -99, -100, -500, -999, -1e3, -9999, -1e4, -1e5)),
                _hidden_by(-1e6),
                *(_with(lambda q, k, v, low=low: softmax(_scores(q, k) + low * ~_allowed(len(q))) @ v)
                  for low in (-2, -5, -10, -20, -30, -50, -99, -100, -500, -999, -1e3, -9999, -1e4, -1e5)),
            ),
        ),
        Mistake(
            "short-mask",
            ro="Masca ta are o lungime fixă. Textul poate fi oricât de lung: fă-o din lungimea lui `x`.",
            en="Your mask has a fixed length. A text may be as long as it likes: make it from the length of `x`.",
            wrong=tuple(_with(lambda q, k, v, n=n: _look(q, k, v, allowed=lambda T: _allowed(n)[:T, :T]))
                        for n in (3, 4, 5, 6, 7, 8, 10, 12, 13)),
        ),
        Mistake(
            "no-mask",
            ro="Lipsește masca: primele cuvinte se uită și la cele de după ele.",
            en="The mask is missing: the first words look at those after them too.",
            wrong=_with(lambda q, k, v: softmax(_scores(q, k)) @ v),
        ),
        Mistake(
            "mask-after",
            ro="Masca vine după softmax: numitorul a numărat deja viitorul, iar rândul nu mai face unu. Pune −∞ în "
            "scoruri, înainte.",
            en="The mask comes after softmax: the denominator has already counted the future, and the row no longer "
            "makes one. Put −∞ into the scores, before it.",
            wrong=(
                _with(lambda q, k, v: softmax(_scores(q, k)) * _allowed(len(q)) @ v),
                _with(lambda q, k, v: softmax(q @ k.T) * _allowed(len(q)) @ v),
            ),
        ),
        Mistake(
            "shared-out-again",
            ro="Ai ascuns viitorul după softmax și ai împărțit din nou. Unde viitorul are scoruri mult mai mari, "
            "trecutul s-a rotunjit deja la zero: 0/0. Pune −∞ în scoruri, înainte.",
            en="You hid the future after softmax and shared out again. Where the future scores far higher, the past "
            "has already rounded to zero: 0/0. Put −∞ into the scores, before it.",
            wrong=(
                _with(lambda q, k, v: _rows_to_one(np.tril(softmax(_scores(q, k)))) @ v),
                _with(lambda q, k, v: np.nan_to_num(_rows_to_one(np.tril(softmax(_scores(q, k))))) @ v),
            ),
        ),
        Mistake(
            "zero-scores",
            ro="Ai pus zero în scoruri, dar e la puterea 0 e 1: viitorul primește atenție. Se pune −∞.",
            en="You put zero into the scores, but e to the power 0 is 1: the future gets attention. Put −∞.",
            wrong=(
                _with(lambda q, k, v: softmax(_scores(q, k) * _allowed(len(q))) @ v),
                _with(lambda q, k, v: softmax(np.tril(q @ k.T)) @ v),
            ),
        ),
        Mistake(
            "mask-added",
            ro="Ai adunat la scoruri masca însăși, deci 1, nu minus infinit. Cu o mască booleană alegi: `np.where`.",
            en="You added the mask itself to the scores, so 1 and not minus infinity. A boolean mask chooses: "
            "`np.where`.",
            wrong=(
                _with(lambda q, k, v: softmax(_scores(q, k) - 1.0 * ~_allowed(len(q))) @ v),
                _with(lambda q, k, v: softmax(_scores(q, k) + 1.0 * ~_allowed(len(q))) @ v),
            ),
        ),
        Mistake(
            "past-hidden",
            ro="Masca e întoarsă: ai ascuns trecutul și ai lăsat viitorul.",
            en="The mask is the wrong way round: you hid the past and left the future.",
            wrong=(
                _with(lambda q, k, v: _look(q, k, v, allowed=lambda n: _allowed(n).T)),
                _with(lambda q, k, v: softmax(_scores(q, k)) * _allowed(len(q)).T @ v),
            ),
        ),
        Mistake(
            "diagonal-hidden",
            ro="Ai ascuns și diagonala. Un cuvânt se vede pe sine; altfel primul n-ar avea la ce să se uite.",
            en="You hid the diagonal too. A word sees itself; otherwise the first would have nothing to look at.",
            wrong=(
                _with(_strict),
                _with(lambda q, k, v: np.nan_to_num(_strict(q, k, v))),
                _with(lambda q, k, v: softmax(np.where(_allowed(len(q), -1), _scores(q, k), -1e9)) @ v),
            ),
        ),
        Mistake(
            "one-too-far",
            ro="Fiecare cuvânt vede și cuvântul următor: masca e deplasată cu unu.",
            en="Every word sees the next one too: the mask is shifted by one.",
            wrong=_with(lambda q, k, v: _look(q, k, v, allowed=lambda n: _allowed(n, 1))),
        ),
        Mistake(
            "no-root",
            ro="Lipsește împărțirea la √d.",
            en="The division by √d is missing.",
            wrong=_with(lambda q, k, v: _look(q, k, v, lambda q, k: q @ k.T)),
        ),
        Mistake(
            "no-square-root",
            ro="Ai împărțit la d. Se împarte la radical din d.",
            en="You divided by d. The division is by the square root of d.",
            wrong=_with(lambda q, k, v: _look(q, k, v, lambda q, k: q @ k.T / q.shape[-1])),
        ),
        Mistake(
            "wrong-root",
            ro="`d` e lățimea interogărilor, adică numărul de coloane al lui `w_q`, nu lățimea lui `x` sau lungimea "
            "propoziției.",
            en="`d` is the width of the queries, the number of columns of `w_q`, not the width of `x` or the length of "
            "the sentence.",
            wrong=(
                lambda x, w_q, w_k, w_v: _look(x @ w_q, x @ w_k, x @ w_v, lambda q, k: q @ k.T / np.sqrt(x.shape[1])),
                lambda x, w_q, w_k, w_v: _look(x @ w_q, x @ w_k, x @ w_v, lambda q, k: q @ k.T / np.sqrt(len(x))),
            ),
        ),
        Mistake(
            "roles",
            ro="Rolurile s-au încurcat: rândul e al interogării, coloana a cheii, iar ponderile amestecă valorile.",
            en="The roles are mixed up: the row is the query's, the column the key's, and the weights mix the values.",
            wrong=(
                _with(lambda q, k, v: _look(k, q, v)),
                _with(lambda q, k, v: _look(q, k, k)),
                _with(lambda q, k, v: _look(q, q, v)),
                _with(lambda q, k, v: _look(k, k, v)),
                _with(lambda q, k, v: _look(q, v, k)),
                lambda x, w_q, w_k, w_v: _look(x @ w_q, x @ w_k, x),
                lambda x, w_q, w_k, w_v: _look(x, x, x),
            ),
        ),
        Mistake(
            "wrong-axis",
            ro="Softmax e luat pe coloane. Fiecare rând, adică fiecare cuvânt care întreabă, trebuie să facă unu.",
            en="Softmax is taken over the columns. Each row, that is each word that asks, must make one.",
            wrong=(
                _with(lambda q, k, v: softmax(np.where(_allowed(len(q)), _scores(q, k), -np.inf), axis=0) @ v),
                _with(lambda q, k, v: softmax(np.where(_allowed(len(q)), q @ k.T, -np.inf), axis=0) @ v),
            ),
        ),
        Mistake(
            "weights",
            ro="Aceasta e harta. Mai rămâne de amestecat valorile: `weights @ v`.",
            en="This is the map. The values are still to be mixed: `weights @ v`.",
            wrong=_with(lambda q, k, v: softmax(np.where(_allowed(len(q)), _scores(q, k), -np.inf))),
        ),
    ),
)


# 2. Several heads: the forward of the layer


def forward(x, w_q, w_k, w_v, w_o, h):
    return np.concatenate(_each(x @ w_q, x @ w_k, x @ w_v, h), axis=1) @ w_o


def _each(q, k, v, h, look=_look):
    """What each head says, on its own slice."""
    return [look(a, b, c) for a, b, c in zip(*(np.split(x, h, axis=1) for x in (q, k, v)), strict=True)]


def forward_cases(rng: np.random.Generator) -> list[tuple]:
    two, swap = np.eye(2), np.array([[0.0, 2.0], [1.0, 0.0]])
    cases = [(np.array([[1.0, 2.0]]), two, two, two, swap, 2),
             (np.array([[1.0, 0.5], [2.0, -1.0]]), two, swap, two, two, 1),
             (np.array([[1.0, 0.5], [2.0, -1.0]]), two, swap, two, swap, 2)]  # fmt: skip
    # Scores far above and far below zero, and a future that scores far above the past.
    near = np.array([[6.1, 4.2, 1.0, 0.5], [5.9, 4.6, -1.0, 2.0], [6.3, 3.9, 0.0, 1.5]])
    mix = np.array([[1.0, 0.0, 2.0, 0.0], [0.0, 1.0, 0.0, -1.0], [0.5, 0.0, 1.0, 0.0], [0.0, 3.0, 0.0, 1.0]])
    one = np.eye(4)
    cases += [(near, 9 * one, 4 * one, one, mix, 2), (near, -9 * one, 4 * one, one, mix, 2),
              (near * [[1], [1], [9]], 9 * one, 9 * one, one, mix, 2)]  # fmt: skip
    sizes = (2, 2, 2), (2, 4, 2), (3, 4, 2), (2, 6, 3), (4, 4, 4), (4, 4, 2), (3, 6, 2), (4, 8, 4), (5, 6, 6), (6, 8, 1)
    for T, D, h in (*sizes, (14, 4, 2)):
        cases.append((rng.normal(size=(T, D)).round(1), *rng.normal(size=(4, D, D)).round(1), h))
    return cases


def _cut(x, h):
    return x.reshape(len(x), h, -1).transpose(1, 0, 2)


def _join(heads):
    return heads.transpose(1, 0, 2).reshape(heads.shape[1], -1)


def _layer(cut=_cut, join=_join, root=lambda D, d: np.sqrt(d), soft=softmax, hide=None, out=lambda o, w: o @ w):
    """The layer with one of its steps done otherwise."""

    def layer(x, w_q, w_k, w_v, w_o, h):
        q, k, v = (cut(x @ w, h) for w in (w_q, w_k, w_v))
        scores = q @ k.transpose(0, 2, 1) / root(x.shape[1], x.shape[1] // h)
        weights = hide(scores) if hide else soft(np.where(_allowed(len(x)), scores, -np.inf))
        return out(join(weights @ v), w_o)

    return layer


def _plain(change):
    """The answer of somebody who gets q, k and v right and then does `change`."""
    return lambda x, w_q, w_k, w_v, w_o, h: change(x @ w_q, x @ w_k, x @ w_v, w_o, h)


def _mixed(x, h):
    return x.reshape(h, len(x), -1)


def _low(number):
    return lambda scores: softmax(np.where(_allowed(scores.shape[-1]), scores, number))


def _whole_values(q, k, v, w_o, h):
    pairs = zip(np.split(q, h, 1), np.split(k, h, 1), strict=True)
    return sum(_look(a, b, v) for a, b in pairs) @ w_o


def _every_other(q, k, v, w_o, h):
    output = np.empty_like(q)
    for i in range(h):
        output[:, i::h] = _look(q[:, i::h], k[:, i::h], v[:, i::h])
    return output @ w_o


def _without(i):
    def layer(q, k, v, w_o, h):
        heads = _each(q, k, v, h)
        heads[i] = 0 * heads[i]
        return np.hstack(heads) @ w_o

    return _plain(layer)


FORWARD = Exercise(
    "04.forward",
    forward,
    forward_cases,
    (
        Mistake(
            "reshape",
            ro="`reshape(h, T, d)` taie de-a lungul cuvintelor și le amestecă. Desparte ultima axă, apoi mută axa "
            "capetelor: `reshape(T, h, d).transpose(1, 0, 2)`.",
            en="`reshape(h, T, d)` cuts along the words and mixes them. Split the last axis, then move the axis of the "
            "heads: `reshape(T, h, d).transpose(1, 0, 2)`.",
            wrong=(_layer(_mixed, lambda heads: heads.reshape(heads.shape[1], -1)), _layer(_mixed)),
        ),
        Mistake(
            "concatenation",
            ro="Capetele sunt corecte, dar puse greșit cap la cap: înainte de ultimul `reshape`, axa capetelor se "
            "întoarce lângă `d`.",
            en="The heads are right but concatenated wrongly: before the last `reshape` the axis of the heads goes "
            "back beside `d`.",
            wrong=(
                _layer(join=lambda heads: heads.reshape(heads.shape[1], -1)),
                _layer(join=lambda heads: heads.transpose(1, 2, 0).reshape(heads.shape[1], -1)),
            ),
        ),
        Mistake(
            "no-output-matrix",
            ro="Lipsește ultimul pas: ieșirile puse cap la cap se înmulțesc cu `w_o`.",
            en="The last step is missing: the concatenated outputs are multiplied by `w_o`.",
            wrong=_layer(out=lambda o, w: o),
        ),
        Mistake(
            "output-matrix",
            ro="`w_o` intră altfel decât trebuie: ieșirile puse cap la cap se înmulțesc cu ea de la dreapta, "
            "`o @ w_o`, netranspusă.",
            en="`w_o` enters otherwise than it should: the concatenated outputs are multiplied by it from the right, "
            "`o @ w_o`, not transposed.",
            wrong=(
                _layer(out=lambda o, w: o @ w.T),
                _layer(out=lambda o, w: o * w[0]),
                _layer(out=lambda o, w: o + o @ w),
            ),
        ),
        Mistake(
            "one-head",
            ro="Ai făcut un singur cap, pe toată lățimea. Fiecare felie de coloane are harta ei.",
            en="You made a single head, of the whole width. Each slice of columns has its own map.",
            wrong=(
                _plain(lambda q, k, v, w_o, h: _look(q, k, v) @ w_o),
                _plain(lambda q, k, v, w_o, h: _look(q, k, v, lambda q, k: q @ k.T / np.sqrt(q.shape[1] / h)) @ w_o),
                _plain(lambda q, k, v, w_o, h: _look(q, k, v, lambda q, k: q @ k.T) @ w_o),
            ),
        ),
        Mistake(
            "wrong-root",
            ro="Un cap are lățimea d = D / h; la rădăcina ei se împart scorurile, nu la rădăcina lui D sau la d.",
            en="A head has width d = D / h; the scores are divided by its root, not by the root of D nor by d.",
            wrong=(
                _layer(root=lambda D, d: np.sqrt(D)),
                _layer(root=lambda D, d: np.sqrt(D // d)),
                _layer(root=lambda D, d: d),
            ),
        ),
        Mistake(
            "no-root",
            ro="Lipsește împărțirea la √d, cu d = D / h.",
            en="The division by √d is missing, with d = D / h.",
            wrong=_layer(root=lambda D, d: 1),
        ),
        Mistake(
            "no-mask",
            ro="Lipsește masca cauzală: primele cuvinte se uită și la cele de după ele.",
            en="The causal mask is missing: the first words look at those after them too.",
            wrong=(_layer(hide=softmax), _layer(hide=softmax, root=lambda D, d: np.sqrt(D))),
        ),
        Mistake(
            "mask-after",
            ro="Masca vine după softmax: numitorul a numărat deja viitorul. Pune −∞ în scoruri, înainte.",
            en="The mask comes after softmax: the denominator has already counted the future. Put −∞ into the scores, "
            "before it.",
            wrong=_layer(hide=lambda s: softmax(s) * _allowed(s.shape[-1])),
        ),
        Mistake(
            "shared-out-again",
            ro="Ai ascuns viitorul după softmax și ai împărțit din nou. Unde viitorul are scoruri mult mai mari, "
            "trecutul s-a rotunjit deja la zero: 0/0. Pune −∞ în scoruri, înainte.",
            en="You hid the future after softmax and shared out again. Where the future scores far higher, the past "
            "has already rounded to zero: 0/0. Put −∞ into the scores, before it.",
            wrong=_layer(hide=lambda s: _rows_to_one(softmax(s) * _allowed(s.shape[-1]))),
        ),
        Mistake(
            "weak-mask",
            ro="Numărul pus în locul viitorului nu e destul de mic: viitorul se vede. Pune −∞, `-np.inf`.",
            en="The number put in the place of the future is not low enough: the future shows. Put −∞, `-np.inf`.",
            wrong=tuple(_layer(hide=_low(number)) for number in (0, -1, -5, -10, -20, -50, -100, -500, -999, -1000)),
        ),
        Mistake(
            "past-hidden",
            ro="Masca e întoarsă: ai ascuns trecutul și ai lăsat viitorul.",
            en="The mask is the wrong way round: you hid the past and left the future.",
            wrong=_layer(hide=lambda s: softmax(np.where(_allowed(s.shape[-1]).T, s, -np.inf))),
        ),
        Mistake(
            "one-too-far",
            ro="Fiecare cuvânt vede și cuvântul următor: masca e deplasată cu unu.",
            en="Every word sees the next one too: the mask is shifted by one.",
            wrong=_layer(hide=lambda s: softmax(np.where(_allowed(s.shape[-1], 1), s, -np.inf))),
        ),
        Mistake(
            "diagonal-hidden",
            ro="Ai ascuns și diagonala. Un cuvânt se vede pe sine; altfel primul n-ar avea la ce să se uite.",
            en="You hid the diagonal too. A word sees itself; otherwise the first would have nothing to look at.",
            wrong=(
                _plain(lambda q, k, v, w_o, h: np.hstack(_each(q, k, v, h, _strict)) @ w_o),
                _plain(lambda q, k, v, w_o, h: np.hstack(
                    _each(q, k, v, h, lambda *a: np.nan_to_num(_strict(*a)))) @ w_o),
            ),
        ),
        Mistake(
            "averaged",
            ro="Ai făcut media sau suma capetelor. Ele se concatenează: lățimea rămâne D.",
            en="You averaged or added the heads. They are concatenated: the width stays D.",
            wrong=(
                _plain(lambda q, k, v, w_o, h: np.tile(np.mean(_each(q, k, v, h), axis=0), (1, h)) @ w_o),
                _plain(lambda q, k, v, w_o, h: np.tile(np.sum(_each(q, k, v, h), axis=0), (1, h)) @ w_o),
                _plain(lambda q, k, v, w_o, h: np.hstack(_each(q, k, v, h)) @ w_o / h),
                _plain(lambda q, k, v, w_o, h: np.mean(_each(q, k, v, h), axis=0)),
                _plain(lambda q, k, v, w_o, h: np.sum(_each(q, k, v, h), axis=0)),
            ),
        ),
        Mistake(
            "wrong-axis",
            ro="Softmax e luat pe altă axă decât ultima. Fiecare rând al fiecărei hărți trebuie să facă unu.",
            en="Softmax is taken along another axis than the last. Each row of each map must make one.",
            wrong=(_layer(soft=lambda s: softmax(s, axis=1)), _layer(soft=lambda s: _over_heads(s))),
        ),
        Mistake(
            "every-other",
            ro="Ai luat coloane din h în h. Capul 0 are primele D / h coloane, unele lângă altele.",
            en="You took every h-th column. Head 0 has the first D / h columns, side by side.",
            wrong=_plain(_every_other),
        ),
        Mistake(
            "head-missing",
            ro="Unul dintre capete lipsește. Sunt `h`, de la 0 la h − 1.",
            en="One of the heads is missing. There are `h` of them, from 0 to h − 1.",
            wrong=(_without(-1), _without(0)),
        ),
        Mistake(
            "first-head",
            ro="Ai calculat același cap de mai multe ori. Fiecare cap are felia lui.",
            en="You computed the same head again and again. Each head has its own slice.",
            wrong=_plain(lambda q, k, v, w_o, h: np.tile(_each(q, k, v, h)[0], (1, h)) @ w_o),
        ),
        Mistake(
            "heads-reversed",
            ro="Capetele sunt corecte, dar în ordine inversă: capul 0 vine primul, pe primele coloane.",
            en="The heads are right but in reverse order: head 0 comes first, in the first columns.",
            wrong=_plain(lambda q, k, v, w_o, h: np.hstack(_each(q, k, v, h)[::-1]) @ w_o),
        ),
        Mistake(
            "values-whole",
            ro="Fiecare cap face media feliei lui din valori, nu a tuturor coloanelor.",
            en="Each head takes the mean of its own slice of the values, not of all the columns.",
            wrong=(_plain(_whole_values), _plain(lambda q, k, v, w_o, h: _whole_values(q, k, v, w_o, h) / h)),
        ),
        Mistake(
            "roles",
            ro="Rolurile s-au încurcat: rândul e al interogării, coloana a cheii, iar ponderile amestecă valorile.",
            en="The roles are mixed up: the row is the query's, the column the key's, and the weights mix the values.",
            wrong=(
                _plain(lambda q, k, v, w_o, h: forward_of(k, q, v, w_o, h)),
                _plain(lambda q, k, v, w_o, h: forward_of(q, k, k, w_o, h)),
                _plain(lambda q, k, v, w_o, h: forward_of(q, q, v, w_o, h)),
                _plain(lambda q, k, v, w_o, h: forward_of(q, v, k, w_o, h)),
                lambda x, w_q, w_k, w_v, w_o, h: forward_of(x @ w_q, x @ w_k, x, w_o, h),
                lambda x, w_q, w_k, w_v, w_o, h: forward_of(x, x, x, w_o, h),
            ),
        ),
        Mistake(
            "overflow",
            ro="La scoruri mari exponențiala depășește, iar la scoruri mult sub zero se stinge toată: 0/0. Scade întâi "
            "maximul fiecărui rând, ca în capitolul 2.",
            en="At large scores the exponential overflows, and at scores far below zero it dies out: 0/0. Subtract "
            "each row's maximum first, as in chapter 2.",
            wrong=(_layer(soft=naive), _layer(hide=lambda s: _rows_to_one(np.tril(np.exp(s))))),
        ),
    ),
)


def forward_of(q, k, v, w_o, h):
    return np.hstack(_each(q, k, v, h)) @ w_o


def _over_heads(scores):
    with np.errstate(all="ignore"):
        e = np.exp(scores - scores.max(axis=0))
        return e / e.sum(axis=0)


# 3. A rotation at every place


def rotate(x, omega):
    return _turn(x, omega * np.arange(len(x)))


def _turn(x, angles, signs=(-1, 1)):
    cos, sin = np.cos(angles), np.sin(angles)
    return np.stack([x[:, 0] * cos + signs[0] * x[:, 1] * sin, signs[1] * x[:, 0] * sin + x[:, 1] * cos], axis=1)


def rotate_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(np.array([[1.0, 0.0]]), 1.0), (np.array([[2.0, 1.0], [1.0, 0.0]]), float(np.pi / 2)),
             (np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 2.0]]), 0.5)]  # fmt: skip
    # Angles beyond a half turn and beyond a whole one, a frequency below zero, none at all, and a slow one.
    pair = np.array([[1.0, 0.5], [2.0, -1.0], [-0.5, 3.0], [0.0, 2.0]])
    cases += [(pair, omega) for omega in (2.0, 4.0, 7.0, -0.7, 0.0)] + [(np.ones((14, 2)), 0.01)]
    for T in (2, 3, 4, 6, 9):
        cases.append((rng.normal(size=(T, 2)).round(1) + 0.03, float(rng.uniform(0.1, 1.2))))
    return cases


def _places(x):
    return np.arange(len(x))


ROTATE = Exercise(
    "04.rotate",
    rotate,
    rotate_cases,
    (
        Mistake(
            "clockwise",
            ro="Ai rotit în sensul acelor de ceasornic. În sens trigonometric, (1, 0) merge spre (0, 1).",
            en="You turned clockwise. Anticlockwise, (1, 0) goes towards (0, 1).",
            wrong=lambda x, omega: _turn(x, -omega * _places(x)),
        ),
        Mistake(
            "from-end",
            ro="Ai numărat locurile de la coadă. Rândul 0 e primul și nu se rotește deloc.",
            en="You counted places from the end. Row 0 is the first, and does not turn at all.",
            wrong=lambda x, omega: _turn(x, omega * _places(x)[::-1]),
        ),
        Mistake(
            "from-one",
            ro="Ai numărat locurile de la 1. Rândul 0 nu se rotește deloc.",
            en="You counted places from 1. Row 0 does not turn at all.",
            wrong=lambda x, omega: _turn(x, omega * (_places(x) + 1)),
        ),
        Mistake(
            "same-angle",
            ro="Ai rotit toate rândurile cu același unghi. Unghiul crește cu locul: `omega * t`.",
            en="You turned all rows by the same angle. The angle grows with the place: `omega * t`.",
            wrong=(
                lambda x, omega: _turn(x, omega * np.ones(len(x))),
                lambda x, omega: _turn(x, omega * len(x) * np.ones(len(x))),
            ),
        ),
        Mistake(
            "no-frequency",
            ro="Frecvența `omega` nu intră în unghi, sau intră altfel: unghiul e `omega * t`.",
            en="The frequency `omega` does not enter the angle, or enters otherwise: the angle is `omega * t`.",
            wrong=(
                lambda x, omega: _turn(x, 1.0 * _places(x)),
                lambda x, omega: _turn(x, _places(x) / omega),
                lambda x, omega: _turn(x, omega ** _places(x)),
                lambda x, omega: _turn(x, 2 * np.pi * omega * _places(x)),
            ),
        ),
        Mistake(
            "angle-cut",
            ro="Ai tăiat unghiul la o jumătate de tură, sau la un sfert. El poate crește oricât: sinusul și cosinusul "
            "se repetă abia după o tură întreagă.",
            en="You cut the angle at half a turn, or at a quarter. It may grow without limit: sine and cosine repeat "
            "only after a whole turn.",
            wrong=(
                lambda x, omega: _turn(x, omega * _places(x) % np.pi),
                lambda x, omega: _turn(x, omega * _places(x) % (np.pi / 2)),
                lambda x, omega: _turn(x, np.minimum(omega * _places(x), np.pi)),
                lambda x, omega: _turn(x, np.clip(omega * _places(x), -np.pi, np.pi)),
            ),
        ),
        Mistake(
            "sign-of-frequency",
            ro="Semnul frecvenței s-a pierdut: cu `omega` negativ, rotația merge în celălalt sens.",
            en="The sign of the frequency is lost: with a negative `omega` the turn goes the other way.",
            wrong=lambda x, omega: _turn(x, abs(omega) * _places(x)),
        ),
        Mistake(
            "degrees",
            ro="Ai trecut unghiul din grade în radiani, dar `omega * t` e deja în radiani.",
            en="You converted the angle from degrees, but `omega * t` is in radians already.",
            wrong=(lambda x, omega: _turn(x, np.radians(omega * _places(x))),
                   lambda x, omega: _turn(x, np.degrees(omega * _places(x)))),
        ),
        Mistake(
            "sign",
            ro="Un semn e greșit: rotația e (a cos − b sin, a sin + b cos), cu un singur minus.",
            en="A sign is wrong: the rotation is (a cos − b sin, a sin + b cos), with a single minus.",
            wrong=(
                lambda x, omega: _turn(x, omega * _places(x), (1, 1)),
                lambda x, omega: _turn(x, omega * _places(x), (-1, -1)),
            ),
        ),
        Mistake(
            "overwritten",
            ro="Prima coloană a fost schimbată înainte ca a doua să o folosească. Păstrează valorile vechi.",
            en="The first column was changed before the second used it. Keep the old values.",
            wrong=lambda x, omega: _overwritten(x, omega),
        ),
        Mistake(
            "swapped",
            ro="Sinusul și cosinusul și-au schimbat locurile: la unghiul 0 nimic nu trebuie să se miște.",
            en="Sine and cosine have changed places: at angle 0 nothing may move.",
            wrong=(
                lambda x, omega: _turn(x, np.pi / 2 - omega * _places(x)),
                lambda x, omega: (lambda s, c: np.stack([x[:, 0] * s - x[:, 1] * c, x[:, 0] * c + x[:, 1] * s], 1))(
                    np.sin(omega * _places(x)), np.cos(omega * _places(x))),
            ),
        ),
        Mistake(
            "added",
            ro="Ai adunat sinusoida la vector. RoPE nu adună, ci rotește: lungimea perechii rămâne aceeași.",
            en="You added the sinusoid to the vector. RoPE adds nothing, it turns: the length of the pair stays.",
            wrong=(
                lambda x, omega: x + np.stack([np.sin(omega * _places(x)), np.cos(omega * _places(x))], axis=1),
                lambda x, omega: x + np.stack([np.cos(omega * _places(x)), np.sin(omega * _places(x))], axis=1),
            ),
        ),
        Mistake(
            "stretched",
            ro="Ai înmulțit numerele cu sinusoide, dar nu le-ai rotit: lipsește partea încrucișată, b sin și a sin.",
            en="You multiplied the numbers by sinusoids but did not turn them: the crossed part is missing, b sin "
            "and a sin.",
            wrong=(
                lambda x, omega: x * np.cos(omega * _places(x))[:, None],
                lambda x, omega: x * np.stack([np.cos(omega * _places(x)), np.sin(omega * _places(x))], axis=1),
                lambda x, omega: x * (omega * _places(x))[:, None],
            ),
        ),
        Mistake(
            "transposed-shape",
            ro="Rezultatul are forma `(2, T)`. Pune coloanele una lângă alta: `axis=1`.",
            en="The result has shape `(2, T)`. Put the columns side by side: `axis=1`.",
            wrong=lambda x, omega: rotate(x, omega).T,
        ),
    ),
)


def _overwritten(x, omega):
    x, (cos, sin) = x.copy(), (np.cos(omega * _places(x)), np.sin(omega * _places(x)))
    x[:, 0] = x[:, 0] * cos - x[:, 1] * sin
    x[:, 1] = x[:, 0] * sin + x[:, 1] * cos
    return x


# 4. Queries and keys rotated, all their pairs


def rotate_all(x):
    return _turn_all(x)


def _turn_all(x, base=10000.0, power=lambda i, d: 2 * i / d, start=0, sign=1, halves=False, step=1):
    """x (T, d) with every pair of its columns turned; the rest is what can be done otherwise."""
    T, d = x.shape
    omega = base ** -power(np.arange(d // 2), d)
    angles = sign * (start + step * np.arange(T))[:, None] * omega
    even, odd = (slice(0, d // 2), slice(d // 2, None)) if halves else (slice(0, None, 2), slice(1, None, 2))
    cos, sin, out = np.cos(angles), np.sin(angles), np.empty_like(x)
    out[:, even], out[:, odd] = x[:, even] * cos - x[:, odd] * sin, x[:, even] * sin + x[:, odd] * cos
    return out


def rope_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(np.array([[1.0, 0.0]]),), (np.array([[2.0, 1.0], [1.0, 0.0]]),),
             (np.array([[1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.0, 0.0], [0.0, 2.0, 1.0, -1.0]]),)]  # fmt: skip
    for T, d in ((2, 4), (3, 4), (4, 2), (3, 6), (5, 8), (9, 4), (14, 6), (150, 4)):
        cases.append((rng.normal(size=(T, d)).round(1) + 0.03,))
    return cases


def _by_pairs(x, change):
    T, d = x.shape
    return np.hstack([change(x[:, 2 * i : 2 * i + 2], 10000.0 ** (-2 * i / d), i) for i in range(d // 2)])


def _waves(x):
    angles = np.arange(len(x))[:, None] * 10000.0 ** (-np.arange(0, x.shape[1], 2) / x.shape[1])
    return np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(x.shape)


def _apart(x, turned):
    """The first numbers of all the pairs, then the second ones."""
    return np.hstack([turned[:, 0::2], turned[:, 1::2]])


ROPE = Exercise(
    "04.rope",
    rotate_all,
    rope_cases,
    (
        Mistake(
            "halves",
            ro="Ai făcut perechi din coloanele i și i + d/2. Unele modele așa fac, dar aici perechea i e formată din "
            "coloanele vecine 2i și 2i + 1.",
            en="You made pairs of the columns i and i + d/2. Some models do so, but here pair i is made of the "
            "neighbouring columns 2i and 2i + 1.",
            wrong=lambda x: _turn_all(x, halves=True),
        ),
        Mistake(
            "columns-moved",
            ro="Perechile sunt rotite bine, dar coloanele nu mai sunt la locul lor: primul și al doilea număr al "
            "fiecărei perechi trebuie să rămână vecine.",
            en="The pairs are rotated correctly, but the columns are no longer in their places: the first and the "
            "second number of each pair must stay neighbours.",
            wrong=lambda x: _apart(x, _turn_all(x)),
        ),
        Mistake(
            "one-frequency",
            ro="Toate perechile se rotesc la fel de repede. Fiecare pereche are frecvența ei, `10000 ** (-2 * i / d)`.",
            en="All the pairs rotate equally fast. Each pair has its own frequency, `10000 ** (-2 * i / d)`.",
            wrong=(lambda x: _turn_all(x, base=1.0), lambda x: _turn_all(x, power=lambda i, d: 2 / d + 0 * i)),
        ),
        Mistake(
            "wrong-frequency",
            ro="Exponentul frecvenței e altul: `10000 ** (-2 * i / d)`, cu i de la 0 la d/2 − 1.",
            en="The exponent of the frequency is another: `10000 ** (-2 * i / d)`, with i from 0 to d/2 − 1.",
            wrong=(
                lambda x: _turn_all(x, power=lambda i, d: i / d),
                lambda x: _turn_all(x, power=lambda i, d: 4 * i / d),
                lambda x: _turn_all(x, power=lambda i, d: 2 * (i + 1) / d),
                lambda x: _turn_all(x, power=lambda i, d: -2 * i / d),
                lambda x: _turn_all(x, power=lambda i, d: 2 * i[::-1] / d),
                lambda x: _turn_all(x, base=1000.0),
                lambda x: _turn_all(x, base=100.0),
            ),
        ),
        Mistake(
            "clockwise",
            ro="Ai rotit în sensul acelor de ceasornic. Perechea (a, b) devine (a cos − b sin, a sin + b cos).",
            en="You rotated clockwise. The pair (a, b) becomes (a cos − b sin, a sin + b cos).",
            wrong=lambda x: _turn_all(x, sign=-1),
        ),
        Mistake(
            "from-one",
            ro="Ai numărat locurile de la 1. Rândul 0 nu se rotește deloc.",
            en="You counted places from 1. Row 0 does not rotate at all.",
            wrong=lambda x: _turn_all(x, start=1),
        ),
        Mistake(
            "from-end",
            ro="Ai numărat locurile de la coadă. Rândul 0 e primul și nu se rotește deloc.",
            en="You counted places from the end. Row 0 is the first, and does not rotate at all.",
            wrong=lambda x: _turn_all(x, start=len(x) - 1, step=-1),
        ),
        Mistake(
            "same-angle",
            ro="Toate rândurile sunt rotite cu același unghi. Unghiul crește cu locul: frecvența perechii ori `t`.",
            en="All the rows are rotated by the same angle. The angle grows with the place: the frequency of the pair "
            "times `t`.",
            wrong=(lambda x: _turn_all(x, start=1, step=0), lambda x: _turn_all(x, start=len(x), step=0)),
        ),
        Mistake(
            "first-pair",
            ro="Numai primele coloane se rotesc vizibil. Ori nu le-ai rotit pe toate, ori din exponentul frecvenței "
            "lipsește împărțirea la d.",
            en="Only the first columns rotate visibly. Either you did not rotate all of them, or the division by d is "
            "missing from the exponent of the frequency.",
            wrong=(
                lambda x: _turn_all(x, power=lambda i, d: 2.0 * i),
                lambda x: np.hstack([_turn_all(x)[:, :2], x[:, 2:]]),
                lambda x: np.hstack([_turn_all(x)[:, : x.shape[1] // 2], x[:, x.shape[1] // 2 :]]),
            ),
        ),
        Mistake(
            "sign",
            ro="Un semn e greșit: perechea devine (a cos − b sin, a sin + b cos), cu un singur minus.",
            en="A sign is wrong: the pair becomes (a cos − b sin, a sin + b cos), with a single minus.",
            wrong=(
                lambda x: _by_pairs(x, lambda p, w, i: _turn(p, w * _places(p), (1, 1))),
                lambda x: _by_pairs(x, lambda p, w, i: _turn(p, w * _places(p), (-1, -1))),
            ),
        ),
        Mistake(
            "overwritten",
            ro="Prima coloană a perechii a fost schimbată înainte ca a doua să o folosească. Păstrează valorile vechi.",
            en="The first column of the pair was changed before the second used it. Keep the old values.",
            wrong=lambda x: _by_pairs(x, lambda p, w, i: _overwritten(p, w)),
        ),
        Mistake(
            "degrees",
            ro="Ai trecut unghiul din grade în radiani, dar el e deja în radiani.",
            en="You converted the angle from degrees, but it is in radians already.",
            wrong=lambda x: _by_pairs(x, lambda p, w, i: _turn(p, np.radians(w * _places(p)))),
        ),
        Mistake(
            "added",
            ro="Ai adunat sinusoidele la vector. Rotația nu adună nimic: lungimea fiecărei perechi rămâne aceeași.",
            en="You added the sinusoids to the vector. A rotation adds nothing: the length of each pair stays the "
            "same.",
            wrong=lambda x: x + _waves(x),
        ),
        Mistake(
            "stretched",
            ro="Ai înmulțit numerele cu sinusoide, dar nu le-ai rotit: lipsește partea încrucișată, b sin și a sin.",
            en="You multiplied the numbers by sinusoids but did not rotate them: the crossed part is missing, b sin "
            "and a sin.",
            wrong=(
                lambda x: x * _waves(x),
                lambda x: x * np.repeat(_waves(x)[:, 1::2], 2, axis=1),
            ),
        ),
        Mistake(
            "not-turned",
            ro="Nimic nu s-a rotit.",
            en="Nothing has been rotated.",
            wrong=lambda x: x,
        ),
    ),
)


EXERCISES = (CAUSAL, FORWARD, ROTATE, ROPE)
