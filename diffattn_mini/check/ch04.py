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


# 2. Several heads


def multi_head(q, k, v, h):
    return np.concatenate([softmax(_scores(a, b)) @ c for a, b, c in _slices(q, k, v, h)], axis=1)


def _slices(q, k, v, h):
    return zip(*(np.split(x, h, axis=1) for x in (q, k, v)), strict=True)


def heads_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]]), np.array([[3.0, 4.0]]), 2)]
    near = np.array([[6.1, 4.2, 1.0, 0.5], [5.9, 4.6, -1.0, 2.0], [6.3, 3.9, 0.0, 1.5]])  # large scores, closely spaced
    cases.append((3 * near[::-1], near, near * [1, -1, 0.5, 2], 2))
    sizes = (2, 2, 1), (2, 2, 2), (3, 4, 2), (2, 6, 3), (4, 4, 2), (3, 6, 2), (4, 8, 4), (5, 6, 6), (6, 8, 1)
    for T, D, h in (*sizes, (14, 4, 2)):
        cases.append((*rng.normal(scale=1.5, size=(3, T, D)).round(1), h))
    return cases


def _mixed(x, h):
    return x.reshape(h, len(x), -1)


def _cut(x, h):
    return x.reshape(len(x), h, -1).transpose(1, 0, 2)


def _heads(q, k, v, h, cut=_cut, root=None):
    q, k, v = (cut(x, h) for x in (q, k, v))
    return softmax(q @ k.transpose(0, 2, 1) / (root or np.sqrt(q.shape[-1]))) @ v


def _glue(heads):
    return heads.transpose(1, 0, 2).reshape(heads.shape[1], -1)


HEADS = Exercise(
    "04.multi-head",
    multi_head,
    heads_cases,
    (
        Mistake(
            "reshape",
            ro="`reshape(h, T, d)` taie de-a lungul cuvintelor și le amestecă. Desparte ultima axă, apoi mută axa "
            "capetelor: `reshape(T, h, d).transpose(1, 0, 2)`.",
            en="`reshape(h, T, d)` cuts along the words and mixes them. Split the last axis, then move the axis of the "
            "heads: `reshape(T, h, d).transpose(1, 0, 2)`.",
            wrong=(
                lambda q, k, v, h: _heads(q, k, v, h, _mixed).reshape(q.shape),
                lambda q, k, v, h: _glue(_heads(q, k, v, h, _mixed)),
            ),
        ),
        Mistake(
            "glue",
            ro="Capetele sunt bune, dar lipite greșit: înainte de ultimul `reshape`, axa capetelor se întoarce lângă "
            "`d`.",
            en="The heads are right but glued together wrongly: before the last `reshape` the axis of the heads goes "
            "back beside `d`.",
            wrong=(
                lambda q, k, v, h: _heads(q, k, v, h).reshape(q.shape),
                lambda q, k, v, h: _heads(q, k, v, h).transpose(1, 2, 0).reshape(q.shape),
            ),
        ),
        Mistake(
            "one-head",
            ro="Ai făcut un singur cap, pe toată lățimea. Fiecare felie de coloane are harta ei.",
            en="You made a single head, of the whole width. Each slice of columns has its own map.",
            wrong=(
                lambda q, k, v, h: softmax(_scores(q, k)) @ v,
                lambda q, k, v, h: softmax(q @ k.T / np.sqrt(q.shape[1] / h)) @ v,
                lambda q, k, v, h: softmax(q @ k.T / np.sqrt(h)) @ v,
                lambda q, k, v, h: softmax(q @ k.T) @ v,
            ),
        ),
        Mistake(
            "wrong-root",
            ro="Un cap are lățimea d = D / h; la rădăcina ei se împart scorurile, nu la rădăcina lui D.",
            en="A head has width d = D / h; the scores are divided by its root, not by the root of D.",
            wrong=(
                lambda q, k, v, h: _glue(_heads(q, k, v, h, root=np.sqrt(q.shape[1]))),
                lambda q, k, v, h: _glue(_heads(q, k, v, h, root=np.sqrt(h))),
                lambda q, k, v, h: _glue(_heads(q, k, v, h, root=q.shape[1] / h)),
            ),
        ),
        Mistake(
            "no-root",
            ro="Lipsește împărțirea la √d, cu d = D / h.",
            en="The division by √d is missing, with d = D / h.",
            wrong=lambda q, k, v, h: _glue(_heads(q, k, v, h, root=1.0)),
        ),
        Mistake(
            "not-glued",
            ro="Ieșirile capetelor trebuie lipite la loc, una lângă alta, cu forma `(T, D)`.",
            en="The outputs of the heads are to be glued together, side by side, with shape `(T, D)`.",
            wrong=(lambda q, k, v, h: _heads(q, k, v, h), lambda q, k, v, h: np.concatenate(_heads(q, k, v, h))),
        ),
        Mistake(
            "averaged",
            ro="Ai făcut media sau suma capetelor. Ele se lipesc unul lângă altul: lățimea rămâne D.",
            en="You averaged or added the heads. They are glued side by side: the width stays D.",
            wrong=(
                lambda q, k, v, h: _heads(q, k, v, h).mean(0),
                lambda q, k, v, h: _heads(q, k, v, h).sum(0),
                lambda q, k, v, h: multi_head(q, k, v, h) / h,
            ),
        ),
        Mistake(
            "causal",
            ro="Aici nu se cere mască: fiecare cuvânt le vede pe toate.",
            en="No mask is asked for here: every word sees all of them.",
            wrong=lambda q, k, v, h: np.concatenate([_look(a, b, c) for a, b, c in _slices(q, k, v, h)], axis=1),
        ),
        Mistake(
            "wrong-axis",
            ro="Softmax e luat pe altă axă decât ultima. Fiecare rând al fiecărei hărți trebuie să facă unu.",
            en="Softmax is taken along another axis than the last. Each row of each map must make one.",
            wrong=(
                lambda q, k, v, h: np.concatenate(
                    [softmax(_scores(a, b), axis=0) @ c for a, b, c in _slices(q, k, v, h)], axis=1),
                lambda q, k, v, h: _glue(softmax(_cut(q, h) @ _cut(k, h).transpose(0, 2, 1)
                                                 / np.sqrt(q.shape[1] / h), axis=0) @ _cut(v, h)),
            ),
        ),
        Mistake(
            "every-other",
            ro="Ai luat coloane din h în h. Capul 0 are primele D / h coloane, unele lângă altele.",
            en="You took every h-th column. Head 0 has the first D / h columns, side by side.",
            wrong=lambda q, k, v, h: _every_other(q, k, v, h),
        ),
        Mistake(
            "head-missing",
            ro="Unul dintre capete lipsește. Sunt `h`, de la 0 la h − 1, iar ieșirea e lată cât `q`.",
            en="One of the heads is missing. There are `h` of them, from 0 to h − 1, and the output is as wide as `q`.",
            wrong=(
                *(lambda q, k, v, h, cut=cut: _glue(_heads(q, k, v, h)[cut]) if h > 1 else q[:, :0]
                  for cut in (slice(-1), slice(1, None))),
                *(lambda q, k, v, h, i=i: multi_head(q, k, v, h) * (np.arange(q.shape[1]) // (q.shape[1] // h) != i % h)
                  for i in (-1, 0)),
            ),
        ),
        Mistake(
            "heads-reversed",
            ro="Capetele sunt bune, dar în ordine inversă: capul 0 vine primul, pe primele coloane.",
            en="The heads are right but in reverse order: head 0 comes first, in the first columns.",
            wrong=lambda q, k, v, h: _glue(_heads(q, k, v, h)[::-1]),
        ),
        Mistake(
            "values-whole",
            ro="Fiecare cap amestecă doar felia lui din `v`, nu toate coloanele.",
            en="Each head mixes only its own slice of `v`, not all the columns.",
            wrong=(
                lambda q, k, v, h: np.hstack([softmax(_scores(a, b)) @ v for a, b, _ in _slices(q, k, v, h)]),
                lambda q, k, v, h: sum(softmax(_scores(a, b)) @ v for a, b, _ in _slices(q, k, v, h)),
                lambda q, k, v, h: sum(softmax(_scores(a, b)) @ v for a, b, _ in _slices(q, k, v, h)) / h,
            ),
        ),
        Mistake(
            "first-head",
            ro="Ai calculat doar primul cap, sau același cap de mai multe ori.",
            en="You computed the first head only, or the same head again and again.",
            wrong=(
                lambda q, k, v, h: _heads(q, k, v, h)[0],
                lambda q, k, v, h: np.tile(_heads(q, k, v, h)[0], (1, h)),
                lambda q, k, v, h: softmax(_scores(q[:, : q.shape[1] // h], k[:, : q.shape[1] // h])) @ v,
            ),
        ),
    ),
)


def _every_other(q, k, v, h):
    output = np.empty_like(q)
    for i in range(h):
        output[:, i::h] = softmax(_scores(q[:, i::h], k[:, i::h])) @ v[:, i::h]
    return output


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
            ro="Prima coloană a fost schimbată înainte ca a doua să o folosească. Ține minte valorile vechi.",
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
            ro="Ai adunat unda la vector. RoPE nu adună, rotește: lungimea perechii rămâne aceeași.",
            en="You added the wave to the vector. RoPE does not add, it turns: the length of the pair stays the same.",
            wrong=(
                lambda x, omega: x + np.stack([np.sin(omega * _places(x)), np.cos(omega * _places(x))], axis=1),
                lambda x, omega: x + np.stack([np.cos(omega * _places(x)), np.sin(omega * _places(x))], axis=1),
            ),
        ),
        Mistake(
            "stretched",
            ro="Ai înmulțit numerele cu unde, dar nu le-ai rotit: lipsește partea încrucișată, b sin și a sin.",
            en="You multiplied the numbers by waves but did not turn them: the crossed part is missing, b sin and a "
            "sin.",
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


EXERCISES = (CAUSAL, HEADS, ROTATE)
